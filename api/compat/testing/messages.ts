// Encodes messages of remote write and OTLP with protobufjs, from definitions in the language of Protocol Buffers.
import { parse, type Type } from 'protobufjs';
import { compress } from 'snappyjs';

const DEFINITIONS = `
syntax = "proto3";
message Label { string name = 1; string value = 2; }
message Sample { double value = 1; int64 timestamp = 2; int64 start_timestamp = 3; }
message Exemplar { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3; }
message Histogram {
  oneof count { uint64 count_int = 1; double count_float = 2; }
  double sum = 3; sint32 schema = 4; double zero_threshold = 5; uint64 zero_count_int = 6;
  repeated sint64 positive_deltas = 12; int64 timestamp = 15;
}
message Series1 { repeated Label labels = 1; repeated Sample samples = 2; repeated Histogram histograms = 4; }
message MetricMetadata { uint32 type = 1; string metric_family_name = 2; string help = 4; }
message WriteRequest { repeated Series1 timeseries = 1; repeated MetricMetadata metadata = 3; }
message Metadata { uint32 type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
message Series2 {
  repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated Histogram histograms = 3;
  repeated Exemplar exemplars = 4; Metadata metadata = 5; int64 created_timestamp = 6;
}
message Request { repeated string symbols = 4; repeated Series2 timeseries = 5; }

message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message AnyValue {
  oneof value {
    string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
  }
}
message KeyValue { string key = 1; AnyValue value = 2; }
message NumberPoint {
  repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  oneof value { double as_double = 4; sfixed64 as_int = 6; } uint32 flags = 8;
}
message HistogramPoint {
  repeated KeyValue attributes = 9; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5;
  repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; uint32 flags = 10;
  optional double min = 11; optional double max = 12;
}
message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }
message ExponentialPoint {
  repeated KeyValue attributes = 1; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5;
  sint32 scale = 6; fixed64 zero_count = 7; Buckets positive = 8; Buckets negative = 9; uint32 flags = 10;
  optional double min = 12; optional double max = 13; double zero_threshold = 14;
}
message Quantile { double quantile = 1; double value = 2; }
message SummaryPoint {
  repeated KeyValue attributes = 7; fixed64 time_unix_nano = 3; fixed64 count = 4; double sum = 5;
  repeated Quantile quantile_values = 6; uint32 flags = 8;
}
message Gauge { repeated NumberPoint data_points = 1; }
message Sum { repeated NumberPoint data_points = 1; uint32 aggregation_temporality = 2; bool is_monotonic = 3; }
message HistogramData { repeated HistogramPoint data_points = 1; uint32 aggregation_temporality = 2; }
message ExponentialData { repeated ExponentialPoint data_points = 1; uint32 aggregation_temporality = 2; }
message Summary { repeated SummaryPoint data_points = 1; }
message Metric {
  string name = 1; string description = 2; string unit = 3;
  oneof data {
    Gauge gauge = 5; Sum sum = 7; HistogramData histogram = 9; ExponentialData exponential_histogram = 10;
    Summary summary = 11;
  }
}
message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; }
message ScopeMetrics { Scope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
message Export { repeated ResourceMetrics resource_metrics = 1; }
message PartialSuccess { int64 rejected_data_points = 1; string error_message = 2; }
message ExportResponse { PartialSuccess partial_success = 1; }
message Status { int32 code = 1; string message = 2; }
`;

const { root } = parse(DEFINITIONS);
const typeOf = (name: string): Type => root.lookupType(name);

/** The bytes of a message, from its JSON form. */
export function encoded(type: string, value: object): Buffer {
  const message = typeOf(type);
  return Buffer.from(message.encode(message.fromObject(value)).finish());
}

/** The JSON form of a message, with texts for numbers of 64 bits. */
export const decoded = (type: string, bytes: Buffer): Readonly<Record<string, unknown>> =>
  typeOf(type).toObject(typeOf(type).decode(bytes), { longs: String });

/** A series of remote write as tests write it; times are in milliseconds. */
export interface TestSeries {
  readonly labels: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly samples?: readonly (readonly [value: number, timestamp: number])[];
  readonly histograms?: readonly object[];
}

const pairsOf = ({ labels }: TestSeries) => (Array.isArray(labels) ? labels : Object.entries(labels));
const samplesOf = ({ samples = [] }: TestSeries) =>
  samples.map(([value, timestamp]) => ({ value, timestamp }));

/** A request of version 1.0, not yet packed. */
export const writeRequest1 = (series: readonly TestSeries[], more: object = {}): Buffer =>
  encoded('WriteRequest', {
    ...more,
    timeseries: series.map((one) => ({
      labels: pairsOf(one).map(([name, value]) => ({ name, value })),
      samples: samplesOf(one),
      histograms: one.histograms ?? [],
    })),
  });

/** A request of version 2.0, not yet packed. */
export function writeRequest2(series: readonly TestSeries[], more: object = {}): Buffer {
  const symbols = [''];
  const place = (text: string): number => {
    if (!symbols.includes(text)) symbols.push(text);
    return symbols.indexOf(text);
  };
  const timeseries = series.map((one) => ({
    labelsRefs: pairsOf(one).flat().map(place),
    samples: samplesOf(one),
    histograms: one.histograms ?? [],
    ...more,
  }));
  return encoded('Request', { symbols, timeseries });
}

/** The block of snappy that clients send. */
export const packed = (bytes: Buffer): Buffer => Buffer.from(compress(bytes));

/** A sample that says that its series has ended; protobufjs would write another NaN. */
export const STALE_SAMPLE = Buffer.from('09020000000000f07f', 'hex');
