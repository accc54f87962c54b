// The messages of OTLP metrics, as far as they are kept: https://github.com/open-telemetry/opentelemetry-proto
import type { Field, Message } from '../protobuf';

/** A value of an attribute: one of these, or none. */
export interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: bigint;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
  readonly bytesValue?: Buffer;
}

export interface KeyValue {
  readonly key?: string;
  readonly value?: AnyValue;
}

/** What all data points have; times are in nanoseconds since 1970. */
interface Dated {
  readonly attributes?: readonly KeyValue[];
  readonly timeUnixNano?: bigint;
  readonly flags?: number;
}

export interface NumberPoint extends Dated {
  readonly asDouble?: number;
  readonly asInt?: bigint;
}

export interface HistogramPoint extends Dated {
  readonly count?: bigint;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly bucketCounts?: readonly bigint[];
  readonly explicitBounds?: readonly number[];
}

/** Buckets of a histogram whose bounds are powers; `offset` is the number of the first one. */
export interface PowerBuckets {
  readonly offset?: number;
  readonly bucketCounts?: readonly bigint[];
}

export interface ExponentialPoint extends Dated {
  readonly count?: bigint;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly scale?: number;
  readonly zeroCount?: bigint;
  readonly zeroThreshold?: number;
  readonly positive?: PowerBuckets;
  readonly negative?: PowerBuckets;
}

export interface SummaryPoint extends Dated {
  readonly count?: bigint;
  readonly sum?: number;
  readonly quantileValues?: readonly { readonly quantile?: number; readonly value?: number }[];
}

const message = <T>(fields: Message<T>['fields']): Message<T> => ({ fields });

const ANY_VALUE: Message<AnyValue> = message({
  1: { name: 'stringValue', type: 'string' },
  2: { name: 'boolValue', type: 'bool' },
  3: { name: 'intValue', type: 'int64' },
  4: { name: 'doubleValue', type: 'double' },
  5: { name: 'arrayValue', type: () => ARRAY },
  6: { name: 'kvlistValue', type: () => KEY_VALUES },
  7: { name: 'bytesValue', type: 'bytes' },
});
const ARRAY = message({ 1: { name: 'values', type: () => ANY_VALUE, isRepeated: true } });
const KEY_VALUE: Message<KeyValue> = message({
  1: { name: 'key', type: 'string' },
  2: { name: 'value', type: () => ANY_VALUE },
});
const KEY_VALUES = message({ 1: { name: 'values', type: () => KEY_VALUE, isRepeated: true } });

const attributes: Field = { name: 'attributes', type: () => KEY_VALUE, isRepeated: true };
const time: Field = { name: 'timeUnixNano', type: 'fixed64' };
const flags: Field = { name: 'flags', type: 'uint32' };
const count: Field = { name: 'count', type: 'fixed64' };
const sum: Field = { name: 'sum', type: 'double' };

export const RESOURCE: Message<{ readonly attributes?: readonly KeyValue[] }> = message({ 1: attributes });
export const SCOPE: Message<{
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: readonly KeyValue[];
}> = message({
  1: { name: 'name', type: 'string' },
  2: { name: 'version', type: 'string' },
  3: attributes,
});
export const METRIC: Message<{ readonly name?: string }> = message({ 1: { name: 'name', type: 'string' } });
/** What the data of all kinds but gauges and summaries have. */
export const DATA: Message<{ readonly aggregationTemporality?: number }> = message({
  2: { name: 'aggregationTemporality', type: 'uint32' },
});
export const NUMBER_POINT: Message<NumberPoint> = message({
  3: time,
  4: { name: 'asDouble', type: 'double' },
  6: { name: 'asInt', type: 'sfixed64' },
  7: attributes,
  8: flags,
});
export const HISTOGRAM_POINT: Message<HistogramPoint> = message({
  3: time,
  4: count,
  5: sum,
  6: { name: 'bucketCounts', type: 'fixed64', isRepeated: true },
  7: { name: 'explicitBounds', type: 'double', isRepeated: true },
  9: attributes,
  10: flags,
  11: { name: 'min', type: 'double' },
  12: { name: 'max', type: 'double' },
});
const POWER_BUCKETS: Message<PowerBuckets> = message({
  1: { name: 'offset', type: 'sint32' },
  2: { name: 'bucketCounts', type: 'uint64', isRepeated: true },
});
export const EXPONENTIAL_POINT: Message<ExponentialPoint> = message({
  1: attributes,
  3: time,
  4: count,
  5: sum,
  6: { name: 'scale', type: 'sint32' },
  7: { name: 'zeroCount', type: 'fixed64' },
  8: { name: 'positive', type: () => POWER_BUCKETS },
  9: { name: 'negative', type: () => POWER_BUCKETS },
  10: flags,
  12: { name: 'min', type: 'double' },
  13: { name: 'max', type: 'double' },
  14: { name: 'zeroThreshold', type: 'double' },
});
const QUANTILE = message({ 1: { name: 'quantile', type: 'double' }, 2: { name: 'value', type: 'double' } });
export const SUMMARY_POINT: Message<SummaryPoint> = message({
  3: time,
  4: count,
  5: sum,
  6: { name: 'quantileValues', type: () => QUANTILE, isRepeated: true },
  7: attributes,
  8: flags,
});
