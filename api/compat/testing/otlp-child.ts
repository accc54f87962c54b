// A program that exports metrics with the SDK of OpenTelemetry: `otlp-child.ts json|protobuf load|kinds URL`. The exporters load
// parts of themselves in a way that jest does not allow.
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';

/** What the load is. */
export const LOAD = { samples: 100_000, instruments: 10, sets: 1_000 } as const;
const HOUR_MS = 3_600_000;
type Meter = ReturnType<MeterProvider['getMeter']>;

async function run(encoding: string, work: string, url: string): Promise<void> {
  const exporter =
    encoding === 'json'
      ? new JsonExporter({ url })
      : new ProtobufExporter({ url, temporalityPreference: AggregationTemporality.DELTA });
  const reader = new PeriodicExportingMetricReader({
    exporter,
    // Exports are asked for, and never come by themselves.
    exportIntervalMillis: HOUR_MS,
    exportTimeoutMillis: 60_000,
  });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    readers: [reader],
    views: [{ instrumentName: '*.powers', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  });
  const meter = provider.getMeter(work, '1.0');
  if (work === 'load') await load(meter, encoding, reader);
  else kinds(meter, encoding);
  // This exports what is left.
  await provider.shutdown();
}

async function load(meter: Meter, name: string, reader: PeriodicExportingMetricReader): Promise<void> {
  const { samples, instruments, sets } = LOAD;
  const gauges = Array.from({ length: instruments }, (_, at) => meter.createGauge(`${name}.gauge.${at}`));
  for (let value = 0; value < samples; value += 1) {
    if (value > 0 && value % (instruments * sets) === 0) await reader.forceFlush();
    gauges[Math.floor(value / sets) % instruments]?.record(value, { set: String(value % sets) });
  }
}

function kinds(meter: Meter, name: string): void {
  meter.createCounter(`${name}.counter`).add(3, { list: ['a', 'b'], yes: true, n: 1.5 });
  meter.createUpDownCounter(`${name}.updown`).add(-2);
  const advice = { explicitBucketBoundaries: [1, 5] };
  const histograms = [
    meter.createHistogram(`${name}.histogram`, { advice }),
    meter.createHistogram(`${name}.powers`),
  ];
  for (const histogram of histograms) for (const value of [0.5, 3, 9]) histogram.record(value);
}

if (require.main === module) {
  const [encoding = '', work = '', url = ''] = process.argv.slice(2);
  void run(encoding, work, url);
}
