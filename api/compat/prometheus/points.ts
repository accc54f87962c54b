// The points of a remote write: one per sample, named by the label `__name__`.
import { exactNumber } from '../../../db/core/exact-json';
import { epochTime } from '../../ingest/points/line-protocol';
import type { FieldValue, Point, SentPoint } from '../../ingest/points/point';
import type { Encoding } from '../protobuf';
import { HISTOGRAM, SAMPLE, type Series } from './messages';

/** What a request had, counted while its points are read. */
export interface Sent {
  samples: number;
  histograms: number;
  /** Histograms that only say that a series has ended. */
  endedHistograms: number;
}

/**
 * The points of the series. Their place among the samples and histograms of the request is their line.
 * @throws MalformedMessage
 */
export function* prometheusPoints(
  all: Iterable<Series>,
  { read }: Encoding<Buffer>,
  sent: Sent,
): Generator<SentPoint> {
  for (const { labels, samples, histograms } of all) {
    const name = labels.find(([label]) => label === NAME)?.[1] ?? '';
    // An empty value is the same as no label, as in Prometheus. The order of the labels has no meaning here.
    const tags = labels.filter(([label, value]) => label !== NAME && value !== '');
    const fault = faultOf(labels, name);
    const place = (): number => sent.samples + sent.histograms;
    for (const bytes of samples) {
      const { value = 0, timestamp = 0n } = read(SAMPLE, bytes);
      sent.samples += 1;
      if (!isStaleMarker(bytes, value, STALE_SAMPLE))
        yield sentPoint(place(), fault, timestamp, {
          name,
          tags,
          fields: [['value', Number.isNaN(value) ? null : value]],
        });
    }
    for (const bytes of histograms) {
      const { countInt, countFloat, sum = 0, timestamp = 0n } = read(HISTOGRAM, bytes);
      sent.histograms += 1;
      if (isStaleMarker(bytes, sum, STALE_HISTOGRAM)) {
        sent.endedHistograms += 1;
        continue;
      }
      // Replayed, it becomes what there is room for.
      const fields: Point['fields'] = [
        ['count', countInt === undefined ? numberOf(countFloat ?? 0) : countOf(countInt)],
        ['sum', numberOf(sum)],
      ];
      yield sentPoint(place(), fault ?? BUCKETS, timestamp, { name, tags, fields });
    }
  }
}

const NAME = '__name__';

const BUCKETS =
  'it is a native histogram, whose buckets no table here can keep; leave send_native_histograms of remote_write off and scrape classic histograms (always_scrape_classic_histograms: true), or replay this letter to store its count and sum alone';

function faultOf(labels: Series['labels'], name: string): string | undefined {
  if (name === '') return `the series has no name: it needs the label ${NAME}`;
  const seen = new Set<string>();
  for (const [label] of labels) {
    if (label === '') return 'a label has no name';
    if (seen.has(label)) return `label ${JSON.stringify(label.slice(0, 60))} is given twice`;
    seen.add(label);
  }
  return undefined;
}

function sentPoint(
  line: number,
  fault: string | undefined,
  timestamp: bigint,
  undated: Omit<Point, 'time'>,
): SentPoint {
  const time = epochTime(String(timestamp), 'ms');
  const reason =
    fault ??
    (time === undefined ? `the time ${timestamp} is out of range; is it in milliseconds?` : undefined);
  const point: Point = { ...undated, time: time ?? String(timestamp) };
  return reason === undefined ? { line, source: point, point } : { line, source: point, reason };
}

const numberOf = (value: number): FieldValue => (Number.isNaN(value) ? null : value);

const countOf = (count: bigint): FieldValue => exactNumber(String(count));

/**
 * Whether the number is the NaN that says that a series has ended. Such a marker is no reading, so there is nothing to store; other
 * NaN are readings without a number. Engines may change the bits of a NaN, so the message is asked.
 */
const isStaleMarker = (message: Buffer, value: number, marker: Buffer): boolean =>
  Number.isNaN(value) && message.includes(marker);

/** 0x7ff0000000000002 as field 1 of a sample, and as field 3 (the sum) of a histogram. */
const STALE_SAMPLE = Buffer.from('09020000000000f07f', 'hex');
const STALE_HISTOGRAM = Buffer.from('19020000000000f07f', 'hex');
