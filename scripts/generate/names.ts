// The names of the sets that have sample data, without loading what they are made of.

export const SAMPLE_NAMES = ['iot', 'monitoring', 'market', 'apm', 'business', 'metrics'] as const;

export type SampleName = (typeof SAMPLE_NAMES)[number];
