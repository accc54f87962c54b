import { readConfig } from '../config';

const POOLER = { TSDB_DEPLOY_POOLER: 'true' };
const HA = { TSDB_DEPLOY_HA: 'true', TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/timescaledb:pg17.10' };

describe('the settings of the pooler', () => {
  it.each([
    [POOLER],
    [{ ...POOLER, TSDB_DEPLOY_POOLER_SIZE: '22' }],
    [{ ...POOLER, TSDB_DEPLOY_DB_MEMORY_MIB: '512' }],
    [{ ...POOLER, TSDB_DEPLOY_POOLER_IMAGE: 'mirror.example.org:5000/pgbouncer:v1.23.0-p0' }],
    [{ ...POOLER, TSDB_DEPLOY_POOLER_IMAGE: 'mirror.example.org/own:1.2' }],
    [{ ...POOLER, ...HA }],
    [{ ...HA, TSDB_DEPLOY_READ_REPLICAS: 'true' }],
    // Without a pooler, so many pods would have too few connections each.
    [{ ...POOLER, TSDB_DEPLOY_API_MAX_REPLICAS: '50' }],
  ])('may be %j', (env) => {
    expect(() => readConfig(env)).not.toThrow();
  });

  it.each([
    [{ ...POOLER, TSDB_DEPLOY_POOLER_SIZE: '23' }, /TSDB_DEPLOY_POOLER_SIZE=23 is more than .* which is 22/],
    [
      { ...POOLER, TSDB_DEPLOY_POOLER_SIZE: '6', TSDB_DEPLOY_DB_MEMORY_MIB: '512' },
      /DB_MEMORY_MIB=512 .* which is 5/,
    ],
    [{ TSDB_DEPLOY_POOLER_IMAGE: 'mirror.example.org/pgbouncer:1.20.1' }, /1.23 or newer, got .*:1.20.1"/],
    [{ TSDB_DEPLOY_POOLER_IMAGE: 'mirror.example.org/pgbouncer:v1.22.0' }, /ends without waiting/],
    [{ TSDB_DEPLOY_POOLER_SIZE: '-1' }, /a whole number from 0/],
    [{ TSDB_DEPLOY_READ_REPLICAS: 'true' }, /needs standbys to read from; set TSDB_DEPLOY_HA=true/],
    [
      {
        ...POOLER,
        TSDB_DEPLOY_API_MAX_REPLICAS: '50',
        TSDB_DEPLOY_KAFKA_BROKERS: 'kafka:9093',
        TSDB_DEPLOY_KAFKA_CONSUMERS: '24',
      },
      /can open 1017 connections, and one PgBouncer takes 1000/,
    ],
  ])('may not be %j', (env, fault) => {
    expect(() => readConfig(env)).toThrow(fault);
  });
});
