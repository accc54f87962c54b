// What differs from one environment to the next. TSDB_DEPLOY_ENVIRONMENT picks one, and variables override its values.
import { image } from './app-image.json';
import type { Environment } from './core/settings';

// Written by .github/workflows/image.yml; empty until it has published an image, or where nobody uses it.
const app = { appImage: image };

export const ENVIRONMENTS = {
  dev: { kubernetes: app },
  prod: {
    diskGiB: 512,
    flavour: 'ha',
    azure: {
      vmSize: 'Standard_E4s_v5',
      storageReplication: 'GZRS',
      parts: ['immutable-dumps', 'locks', 'maintenance-window'],
    },
    azureCluster: { isHighlyAvailable: true },
    kubernetes: {
      ...app,
      apiReplicas: 3,
      apiMaxReplicas: 8,
      databaseCpus: 4,
      databaseMemoryMiB: 16_384,
      backupKeep: 30,
      backupGiB: 512,
    },
  },
} as const satisfies Record<string, Environment>;
