// The messages of remote write, as far as they are kept: prometheus.WriteRequest (1.0) and io.prometheus.write.v2.Request (2.0).
// https://prometheus.io/docs/specs/prw/remote_write_spec/ and https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
import { type Encoding, type Message, textOf } from '../protobuf';
import { MalformedMessage } from '../walk';

/** A series of a request. Samples and histograms are still bytes, because there may be any number of them. */
export interface Series {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly samples: Iterable<Buffer>;
  readonly histograms: Iterable<Buffer>;
}

/** A sample; the time is in milliseconds since 1970. */
export interface Sample {
  readonly value?: number;
  readonly timestamp?: bigint;
}

/** A native histogram without its buckets. */
export interface Histogram {
  readonly countInt?: bigint;
  readonly countFloat?: number;
  readonly sum?: number;
  readonly timestamp?: bigint;
}

export const SAMPLE: Message<Sample> = {
  fields: { 1: { name: 'value', type: 'double' }, 2: { name: 'timestamp', type: 'int64' } },
};

// Both versions have the same numbers here.
export const HISTOGRAM: Message<Histogram> = {
  fields: {
    1: { name: 'countInt', type: 'uint64' },
    2: { name: 'countFloat', type: 'double' },
    3: { name: 'sum', type: 'double' },
    15: { name: 'timestamp', type: 'int64' },
  },
};

const LABEL: Message<{ readonly name?: string; readonly value?: string }> = {
  fields: { 1: { name: 'name', type: 'string' }, 2: { name: 'value', type: 'string' } },
};

const REFERENCES: Message<{ readonly labels?: readonly number[] }> = {
  fields: { 1: { name: 'labels', type: 'uint32', isRepeated: true } },
};

/**
 * The series of a request of version 1.0.
 * @throws MalformedMessage, also for the series that come after those that were read.
 */
export function* seriesOfVersion1(request: Buffer, encoding: Encoding<Buffer>): Generator<Series> {
  const { each, read } = encoding;
  refuseField(each(request, SERIES_2, ''), '2.0');
  for (const series of each(request, SERIES_1, '')) {
    const labels: [string, string][] = [];
    for (const bytes of each(series, 1, '')) {
      const { name = '', value = '' } = read(LABEL, bytes);
      labels.push([name, value]);
      if (labels.length > MOST_LABELS) throw new MalformedMessage(TOO_MANY_LABELS);
    }
    yield { labels, samples: each(series, 2, ''), histograms: each(series, 4, '') };
  }
}

/**
 * The series of a request of version 2.0, whose labels are places in a list of texts.
 * @throws MalformedMessage, as for version 1.0.
 */
export function* seriesOfVersion2(request: Buffer, encoding: Encoding<Buffer>): Generator<Series> {
  const { each, read } = encoding;
  refuseField(each(request, SERIES_1, ''), '1.0');
  const symbols: string[] = [];
  // The list comes before the series, but the format does not promise that.
  for (const symbol of each(request, 4, '')) symbols.push(textOf(symbol));
  for (const series of each(request, SERIES_2, '')) {
    const { labels: references = [] } = read(REFERENCES, series);
    const texts = references.map((at) => {
      const text = symbols[at];
      if (text === undefined)
        throw new MalformedMessage(`a label is symbol ${at}, and there are ${symbols.length} symbols`);
      return text;
    });
    if (texts.length % 2 !== 0) throw new MalformedMessage('a series has a label without a value');
    const labels = texts.flatMap((text, at) => (at % 2 === 0 ? [[text, texts[at + 1] ?? ''] as const] : []));
    yield { labels, samples: each(series, 2, ''), histograms: each(series, 3, '') };
  }
}

const MOST_LABELS = 5_000;
const TOO_MANY_LABELS = `a series has more than ${MOST_LABELS} labels`;

/** The fields of the series in the two versions. */
const SERIES_1 = 1;
const SERIES_2 = 5;

/** Read as the other version, a request would be valid and empty, and all of it would be lost. */
function refuseField(found: Iterable<Buffer>, version: string): void {
  for (const _ of found)
    throw new MalformedMessage(`it has series of version ${version}; the content type must say so`);
}
