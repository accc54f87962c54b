import { parse } from 'yaml';
import { readConfig } from '../../../core/config';
import { IMAGE_FLAVOURS, POOLER_IMAGE } from '../../../core/pins';
import { POOLER_READY } from '../../../core/pooler';
import { bundleProps } from '../../machine-bundle';
import { consumersOf } from '../../machine-consumers';
import type { ReleaseProps } from '../release-props';
import { releaseSettings } from '../release-settings';
import { composeFile } from './compose-file';

const ON = { TSDB_DEPLOY_POOLER: 'true' };
const BROKERS = {
  TSDB_DEPLOY_KAFKA_BROKERS: 'kafka:9093',
  TSDB_DEPLOY_MQTT_URL: 'mqtts://broker.example.org',
};
const POOLER = { image: 'mirror.example.org/pgbouncer:1.25.1', size: 7 };
const WITHOUT: ReleaseProps = {
  image: IMAGE_FLAVOURS.alpine,
  size: { cpus: 2, memoryMiB: 7168 },
  schemas: 'iot,service',
  hostName: '',
  tls: 'internal',
  exposure: 'private',
  backups: { enabled: true, keepFull: 4, keepDiff: 7 },
  consumers: consumersOf(readConfig(BROKERS)),
};
const WITH: ReleaseProps = { ...WITHOUT, pooler: POOLER };

interface Service {
  readonly environment?: { readonly PGHOST?: string };
  readonly [field: string]: unknown;
}

const servicesOf = (props: ReleaseProps): Readonly<Record<string, Service>> =>
  parse(composeFile(props)).services;
const hostsOf = (props: ReleaseProps) =>
  Object.fromEntries(
    Object.entries(servicesOf(props)).flatMap(([name, { environment }]) =>
      environment?.PGHOST === undefined ? [] : [[name, environment.PGHOST]],
    ),
  );

describe('the poolers of the machine', () => {
  it('are in no release of a deployment that does not ask for them', () => {
    expect(Object.keys(servicesOf(WITHOUT)).filter((name) => name.startsWith('pooler'))).toEqual([]);
    expect(new Set(Object.values(hostsOf(WITHOUT)))).toEqual(new Set(['timescaledb']));
    expect(releaseSettings(WITHOUT)).toContain('POOLER=no\n');
    expect(releaseSettings(WITH)).toContain('POOLER=yes\n');
  });

  it('stand between the database and API and consumers; all else needs a session and reaches the database itself', () => {
    expect(hostsOf(WITH)).toEqual({
      logins: 'timescaledb',
      'api-login': 'timescaledb',
      schema: 'timescaledb',
      dump: 'timescaledb',
      restore: 'timescaledb',
      'api-blue': 'pooler-blue',
      'api-green': 'pooler-green',
      'consume-kafka': `\${TSDB_POOLER:-pooler-blue}`,
      'consume-mqtt': `\${TSDB_POOLER:-pooler-blue}`,
    });
  });

  it('reach the database only, and have the password of the API as a file in memory', () => {
    const services = servicesOf(WITH);
    expect(services['pooler-blue']).toEqual(services['pooler-green']);
    expect(services['pooler-blue']).toMatchObject({
      image: POOLER.image,
      networks: ['data'],
      environment: {},
      tmpfs: expect.arrayContaining(['/run/tsdb-pooler:size=1m,mode=1777']),
      volumes: [
        expect.objectContaining({ source: './pooler', target: '/etc/tsdb-pooler', read_only: true }),
        expect.objectContaining({ source: expect.stringMatching(/\/secrets\/app$/), read_only: true }),
      ],
      healthcheck: { test: ['CMD', ...POOLER_READY] },
      stop_grace_period: '90s',
    });
    expect(services['pooler-blue']).not.toHaveProperty('ports');
  });

  it('come from the settings, with a quarter of the connections, and their memory from the share of the database', () => {
    const on = bundleProps(readConfig(ON), '');
    expect(on.pooler).toEqual({ image: POOLER_IMAGE, size: 25 });
    expect(on.size.memoryMiB).toBe(7168 - 2 * 64);
    const own = { TSDB_DEPLOY_POOLER_IMAGE: POOLER.image, TSDB_DEPLOY_POOLER_SIZE: '7' };
    expect(bundleProps(readConfig({ ...ON, ...own }), '').pooler).toEqual(POOLER);
    expect(bundleProps(readConfig(own), '').pooler).toBeUndefined();
  });
});
