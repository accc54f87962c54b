// The points of an export of metrics: one per sample of each data point.
import { epochTime } from '../../ingest/points/line-protocol';
import type { Point, SentPoint } from '../../ingest/points/point';
import type { Encoding, Message } from '../protobuf';
import { joinedTags, sharedTags, type Tags, tagsOf } from './attributes';
import {
  DATA,
  EXPONENTIAL_POINT,
  HISTOGRAM_POINT,
  type HistogramPoint,
  METRIC,
  NUMBER_POINT,
  type NumberPoint,
  RESOURCE,
  SCOPE,
  SUMMARY_POINT,
} from './messages';
import {
  countOf,
  exponentialSamples,
  histogramSamples,
  numberSamples,
  type Samples,
  summarySamples,
} from './samples';

/** A kind of metric: its data, its data points, and the samples of one. */
interface Kind<T> {
  readonly field: number;
  readonly name: string;
  readonly point: Message<T>;
  readonly samples: (point: T) => Samples;
}
const kind = <T>(one: Kind<T>): Kind<unknown> => one as Kind<unknown>;

const KINDS: readonly Kind<unknown>[] = [
  kind({ field: 5, name: 'gauge', point: NUMBER_POINT, samples: numberSamples }),
  kind({ field: 7, name: 'sum', point: NUMBER_POINT, samples: numberSamples }),
  kind({ field: 9, name: 'histogram', point: HISTOGRAM_POINT, samples: histogramSamples }),
  kind({ field: 10, name: 'exponentialHistogram', point: EXPONENTIAL_POINT, samples: exponentialSamples }),
  kind({ field: 11, name: 'summary', point: SUMMARY_POINT, samples: summarySamples }),
];

/** Aggregation temporality: values since the last export, and not since the start. */
const DELTA = 1;
const DELTA_TAG = ['otel.temporality', 'delta'] as const;
/** Flag of a data point that only says that there is no value, as a stale marker does. */
const NO_RECORDED_VALUE = 1;

/**
 * The points of an export. All points of a data point have its place among the data points as their line.
 * @throws MalformedMessage
 */
export function* otlpPoints<Node>(encoding: Encoding<Node>, request: Node): Generator<SentPoint> {
  const { each, read } = encoding;
  let line = 0;
  for (const resourceMetrics of each(request, 1, 'resourceMetrics')) {
    const [resource] = [...each(resourceMetrics, 1, 'resource')].map((node) => read(RESOURCE, node));
    for (const scopeMetrics of each(resourceMetrics, 2, 'scopeMetrics')) {
      const [scope = {}] = [...each(scopeMetrics, 1, 'scope')].map((node) => read(SCOPE, node));
      const shared = sharedTags(resource?.attributes, scope);
      for (const metric of each(scopeMetrics, 2, 'metrics')) {
        const { name = '' } = read(METRIC, metric);
        let isKnown = false;
        for (const { field, name: member, point, samples } of KINDS)
          for (const data of each(metric, field, member)) {
            isKnown = true;
            const isDelta = read(DATA, data).aggregationTemporality === DELTA;
            const tags = isDelta ? [...shared, DELTA_TAG] : shared;
            for (const node of each(data, 1, 'dataPoints')) {
              line += 1;
              const dated = read(point, node) as NumberPoint;
              if (((dated.flags ?? 0) & NO_RECORDED_VALUE) === 0)
                yield* dataPoint({ line, name, shared: tags, dated, samples: samples(dated) });
            }
          }
        if (!isKnown) {
          line += 1;
          const source: Point = { name, tags: shared, fields: [] };
          yield { line, source, reason: UNKNOWN_KIND };
        }
      }
    }
  }
}

const UNKNOWN_KIND = `the metric has no data of a kind that is read here: ${KINDS.map(({ name }) => name).join(', ')}`;

interface DataPoint {
  readonly line: number;
  readonly name: string;
  readonly shared: Tags;
  readonly dated: Pick<HistogramPoint, 'attributes' | 'timeUnixNano' | 'count' | 'sum'>;
  readonly samples: Samples;
}

function* dataPoint({ line, name, shared, dated, samples }: DataPoint): Generator<SentPoint> {
  const { attributes, timeUnixNano = 0n } = dated;
  const tags = joinedTags(shared, tagsOf(attributes));
  const at = timeUnixNano === 0n ? undefined : epochTime(String(timeUnixNano), 'ns');
  const time = at ?? (timeUnixNano === 0n ? '' : String(timeUnixNano));
  if (typeof samples === 'string') {
    const { count = 0n, sum = null } = dated;
    const fields: Point['fields'] = [
      ['count', countOf(count)],
      ['sum', sum],
    ];
    yield { line, source: { name, tags, fields, time }, reason: samples };
    return;
  }
  const fault = faultOf(name, timeUnixNano, at);
  for (const { suffix, tag, value } of samples) {
    const fields = [['value', value]] as const;
    const point: Point = { name: `${name}${suffix}`, tags: tag ? [...tags, tag] : tags, fields, time };
    yield fault === undefined ? { line, source: point, point } : { line, source: point, reason: fault };
  }
}

function faultOf(name: string, timeUnixNano: bigint, at: string | undefined): string | undefined {
  if (name === '') return 'the metric has no name';
  if (timeUnixNano === 0n) return 'the data point has no time (timeUnixNano)';
  return at === undefined ? `the time ${timeUnixNano} is out of range; is it in nanoseconds?` : undefined;
}
