// The settings that consumers of every broker share.
import { type ApiConfig, readConfig } from '../../api/config';
import { UsageError } from '../../db/core/errors';
import type { Environment, Setting } from '../../db/core/settings';
import { runningServer } from '../../db/local/lock';
import { dataFolder } from '../context';

/** How records are collected before they are written. */
export interface BatchLimits {
  /** Records of one partition or subscription in a transaction. */
  readonly rows: number;
  /** Longest wait of a record for others, in milliseconds. */
  readonly ms: number;
}

export interface StreamConfig {
  /** The database, the declared schema and the log, as the API reads them; `port` is that of health and metrics. */
  readonly api: ApiConfig;
  readonly batch: BatchLimits;
}

export const streamSettings = [
  {
    name: 'TSDB_STREAM_BATCH_ROWS',
    default: '10000',
    meaning: 'number of records at which a consumer writes a batch, of each partition',
  },
  {
    name: 'TSDB_STREAM_BATCH_MS',
    default: '1000',
    meaning: 'how long a record waits for others at most before its batch is written, in milliseconds',
  },
  {
    name: 'TSDB_STREAM_PORT',
    default: '5001',
    meaning: 'port for the health and the metrics of a consumer, on `HOST`; 0 selects a free port',
  },
] as const satisfies readonly Setting[];

/**
 * Reads the settings. Without a database in the environment, the one of the local platform is meant.
 * @throws UsageError that lists the faults.
 */
export function readStreamConfig(env: Environment): StreamConfig {
  const faults: string[] = [];
  const whole = (name: (typeof streamSettings)[number]['name'], least: number, most: number): number => {
    const text = env[name] || (streamSettings.find((setting) => setting.name === name)?.default ?? '');
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      faults.push(`${name} must be a whole number from ${least} to ${most}, got "${text}"`);
    return value;
  };
  const batch = {
    rows: whole('TSDB_STREAM_BATCH_ROWS', 1, 100_000),
    ms: whole('TSDB_STREAM_BATCH_MS', 1, 600_000),
  };
  const port = whole('TSDB_STREAM_PORT', 0, 65_535);
  const local = env.DATABASE_URL || env.PGHOST ? undefined : runningServer(dataFolder(env));
  const api = readApi({
    ...env,
    ...(local === undefined ? {} : { DATABASE_URL: local }),
    // The port serves nothing but health and metrics, which the API serves without a key, too.
    ...{ PORT: String(port || 0), TSDB_API_AUTH: 'off' },
  });
  if (typeof api === 'string') faults.unshift(api);
  if (typeof api === 'string' || faults.length > 0) throw new UsageError(faults.join('\n'));
  return { api, batch };

  function readApi(given: Environment): ApiConfig | string {
    try {
      return readConfig(given);
    } catch (error) {
      if (error instanceof UsageError) return error.message;
      throw error;
    }
  }
}
