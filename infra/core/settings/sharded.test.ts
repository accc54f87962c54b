import { readConfig } from '../config';
import { faultsOf } from '../testing/faults';

const SHARDED = { TSDB_DEPLOY_SHARDED: 'true' };
const S3 = {
  ...SHARDED,
  TSDB_DEPLOY_SHARDED_BACKUP_URL: 's3://plant',
  TSDB_DEPLOY_SHARDED_BACKUP_SECRET: 'store-keys',
};

describe('the settings of the stack kubernetes-sharded', () => {
  it('say which of the three databases a deployment has', () => {
    const ha = { TSDB_DEPLOY_HA: 'true', TSDB_DEPLOY_HA_IMAGE: 'registry.example.org/timescaledb:pg17' };
    expect([{}, ha, SHARDED].map((env) => readConfig(env).databaseKind)).toEqual([
      'single',
      'replicating',
      'sharded',
    ]);
    expect(faultsOf({ ...ha, ...SHARDED })).toEqual([
      expect.stringMatching(/TSDB_DEPLOY_SHARDED=true and TSDB_DEPLOY_HA=true.*take one of the two away/),
    ]);
  });

  it.each([
    [S3],
    [{ ...S3, TSDB_DEPLOY_SHARDED_BACKUP_ENDPOINT: 'https://minio.example.org:9000' }],
    [{ ...S3, TSDB_DEPLOY_SHARDED_BACKUP_URL: 'azure://backups' }],
  ])('may be %j', (env) => expect(faultsOf(env)).toEqual([]));

  it.each([
    [{ TSDB_DEPLOY_SHARDED_POSTGRES_VERSION: '17' }, /with its minor version such as 17.9/],
    [{ TSDB_DEPLOY_SHARDED_INSTANCES: '1' }, /from 2 to 9/],
    [{ TSDB_DEPLOY_SHARDED_BACKUP_URL: 's3://plant' }, /needs TSDB_DEPLOY_SHARDED_BACKUP_SECRET/],
    [{ ...S3, TSDB_DEPLOY_SHARDED_BACKUP_URL: 's3://plant/folder' }, /a bucket such as/],
    [{ TSDB_DEPLOY_SHARDED_BACKUP_ENDPOINT: 'https://minio.example.org' }, /set .*=s3:\/\/bucket too/],
  ])('may not be %j', (env, fault) =>
    expect(faultsOf({ ...SHARDED, ...env })).toEqual([expect.stringMatching(fault)]),
  );
});
