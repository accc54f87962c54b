// What differs from one environment to the next. TSDB_DEPLOY_ENVIRONMENT picks one, and variables override its values.
import type { Environment } from './core/settings';

export const ENVIRONMENTS = {
  dev: {},
  prod: {
    diskGiB: 512,
    flavour: 'ha',
    azure: {
      vmSize: 'Standard_E4s_v5',
      storageReplication: 'GZRS',
      parts: ['immutable-dumps', 'locks', 'maintenance-window'],
    },
    kubernetes: {
      apiReplicas: 3,
      apiMaxReplicas: 8,
      databaseCpus: 4,
      databaseMemoryMiB: 16_384,
      backupKeep: 30,
      backupGiB: 512,
    },
  },
} as const satisfies Record<string, Environment>;
