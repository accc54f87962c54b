import { readConfig } from '../config';

const HA = { TSDB_DEPLOY_HA: 'true', TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/timescaledb:pg17.10' };
const S3 = { ...HA, TSDB_DEPLOY_HA_BACKUP_URL: 's3://plant/pg' };

describe('the settings of the replicating database', () => {
  it.each([
    [HA],
    [
      {
        ...HA,
        TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/timescaledb:pg18.1',
        TSDB_DEPLOY_HA_POSTGRES_MAJOR: '18',
      },
    ],
    [{ ...HA, TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/own:1', TSDB_DEPLOY_HA_POSTGRES_MAJOR: '16' }],
    [{ ...S3, TSDB_DEPLOY_HA_RESTORE_FROM: 'tsdb-prod' }],
    [{ ...HA, TSDB_DEPLOY_HA_BACKUP_URL: 'gs://plant/pg', TSDB_DEPLOY_HA_BACKUP_SECRET: 'keys' }],
  ])('may be %j', (env) => {
    expect(() => readConfig(env)).not.toThrow();
  });

  it.each([
    [{ TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/timescaledb:pg16.4' }, /PostgreSQL 16.*MAJOR says 17/],
    [{ TSDB_DEPLOY_HA_RESTORE_FROM: 'tsdb-prod' }, /RESTORE_FROM needs TSDB_DEPLOY_HA_BACKUP_URL/],
    [
      { TSDB_DEPLOY_HA_BACKUP_URL: 's3://plant/pg', TSDB_DEPLOY_HA_RESTORE_TIME: '2026-01-31 23:59:00+00' },
      /RESTORE_TIME needs TSDB_DEPLOY_HA_RESTORE_FROM/,
    ],
    [{ TSDB_DEPLOY_HA_RESTORE_TIME: 'yesterday' }, /a moment with its time zone/],
    [{ TSDB_DEPLOY_HA_BACKUP_URL: 'gs://plant/pg' }, /needs TSDB_DEPLOY_HA_BACKUP_SECRET/],
    [{ TSDB_DEPLOY_HA_WAL_GIB: '7' }, /a whole number from 8/],
    [{ TSDB_DEPLOY_HA_BACKUP_ENDPOINT: 'minio:9000' }, /an address such as/],
  ])('may not be %j', (env, fault) => {
    expect(() => readConfig({ ...HA, ...env })).toThrow(fault);
  });
});
