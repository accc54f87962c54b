// The sets that have sample data.
import type { SampleName, SampleSet } from '../sample';
import { apmSample } from './apm';
import { businessSample } from './business';
import { iotSample } from './iot';
import { marketSample } from './market';
import { metricsSample } from './metrics';
import { monitoringSample } from './monitoring';

export const sampleSets: Readonly<Record<string, SampleSet>> = {
  iot: iotSample,
  monitoring: monitoringSample,
  market: marketSample,
  apm: apmSample,
  business: businessSample,
  metrics: metricsSample,
} satisfies Readonly<Record<SampleName, SampleSet>>;
