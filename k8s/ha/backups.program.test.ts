import { AZURE, objectOf, RESTORED, S3 } from './testing/ha-stack';

describe('the backups', () => {
  it('are off without an object store, and say so by having none', () => {
    expect(objectOf('Cluster').spec.plugins).toBeUndefined();
  });

  it.each([
    [
      S3,
      {
        s3Credentials: {
          accessKeyId: { name: 'store-keys', key: 'ACCESS_KEY_ID' },
        },
      },
    ],
    [{ ...S3, TSDB_DEPLOY_HA_BACKUP_SECRET: '' }, { s3Credentials: { inheritFromIAMRole: true } }],
    [AZURE, { azureCredentials: { inheritFromAzureAD: true } }],
    [
      { ...AZURE, TSDB_DEPLOY_HA_BACKUP_SECRET: 'store-keys' },
      {
        azureCredentials: {
          storageSasToken: {
            name: 'store-keys',
            key: 'AZURE_STORAGE_SAS_TOKEN',
          },
        },
      },
    ],
    [RESTORED, { googleCredentials: { applicationCredentials: { name: 'store-keys' } } }],
  ])('log in as %j says', (env, credentials) => {
    expect(objectOf('ObjectStore', env).spec.configuration).toMatchObject(credentials);
  });

  it('give the pods the identity that the store knows', () => {
    const azure = objectOf('Cluster', AZURE).spec;
    expect(azure.serviceAccountTemplate.metadata.annotations).toEqual({
      'azure.workload.identity/client-id': AZURE.TSDB_DEPLOY_HA_BACKUP_IDENTITY,
    });
    expect(azure.inheritedMetadata.labels['azure.workload.identity/use']).toBe('true');
    const arn = 'arn:aws:iam::123456789012:role/backups';
    const s3 = objectOf('Cluster', {
      ...S3,
      TSDB_DEPLOY_HA_BACKUP_IDENTITY: arn,
    }).spec;
    expect(s3.serviceAccountTemplate.metadata.annotations).toEqual({
      'eks.amazonaws.com/role-arn': arn,
    });
    expect(s3.inheritedMetadata.labels['azure.workload.identity/use']).toBeUndefined();
  });

  it('run through the plugin, from the first day on', () => {
    expect(objectOf('ScheduledBackup', S3).spec).toMatchObject({
      method: 'plugin',
      immediate: true,
      schedule: expect.stringMatching(/^0( \S+){5}$/),
    });
  });
});
