import { readConfig } from '../config';
import { faultsOf } from '../testing/faults';

const INGRESS = { TSDB_DEPLOY_INGRESS_HOST: 'm.example.org' };

describe('the settings of the kubernetes stack', () => {
  it.each([
    ['TSDB_DEPLOY_CLUSTER', 'eks', 'one of existing, aks'],
    ['TSDB_DEPLOY_KUBE_CONFIG', './kubeconfig', 'a file path that begins with / or ~/'],
    ['TSDB_DEPLOY_STORAGE_PROVISIONER', `\${path.cwd}`, 'the name of a provisioner'],
    ['TSDB_DEPLOY_DB_CPUS', '0', 'a whole number from 1 to 128'],
    ['TSDB_DEPLOY_DB_MEMORY_MIB', '256', 'a whole number from 512 to 1048576'],
    ['TSDB_DEPLOY_HA', 'yes', 'one of true, false'],
    ['TSDB_DEPLOY_HA_INSTANCES', '1', 'a whole number from 2 to 9'],
    ['TSDB_DEPLOY_HA_IMAGE', 'img ; rm', 'an image reference'],
    ['TSDB_DEPLOY_HA_BACKUP_URL', 'ftp://host/path', 'an object store'],
    ['TSDB_DEPLOY_API_REPLICAS', '0', 'a whole number from 1 to 50'],
    ['TSDB_DEPLOY_INGRESS_NAMESPACE', 'a.b', 'the name of a namespace'],
    ['TSDB_DEPLOY_BACKUP_SCHEDULE', 'daily', 'five fields of cron'],
    ['TSDB_DEPLOY_BACKUP_SCHEDULE', '17 2 * *', 'five fields of cron'],
    ['TSDB_DEPLOY_BACKUP_KEEP', '0', 'a whole number from 1 to 3650'],
    ['TSDB_DEPLOY_BACKUP_GIB', '1.5', 'a whole number from 1 to 65536'],
  ])('refuse %s=%s', (name, value, expected) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringContaining(`${name} must be ${expected}`)]);
  });

  it('refuse more than one replica, and say why and what else there is', () => {
    expect(faultsOf({ TSDB_DEPLOY_DB_REPLICAS: '3' })).toEqual([
      expect.stringMatching(
        /^TSDB_DEPLOY_DB_REPLICAS must be 1, got "3": .*separate databases.*TSDB_DEPLOY_HA=true/,
      ),
    ]);
    expect(faultsOf({ TSDB_DEPLOY_DB_REPLICAS: '0' })).toHaveLength(1);
    expect(readConfig({ TSDB_DEPLOY_DB_REPLICAS: '1' }).kubernetes.replicas).toBe(1);
  });

  it('refuse parameters for a storage class that nobody makes', () => {
    const parameters = { TSDB_DEPLOY_STORAGE_PARAMETERS: 'skuName=PremiumV2_LRS' };
    expect(faultsOf(parameters)).toEqual([
      expect.stringContaining('set TSDB_DEPLOY_STORAGE_PROVISIONER too'),
    ]);
    expect(faultsOf({ ...parameters, TSDB_DEPLOY_STORAGE_PROVISIONER: 'disk.csi.azure.com' })).toEqual([]);
  });

  it('refuse a replicating database without its image', () => {
    expect(faultsOf({ TSDB_DEPLOY_HA: 'true' })).toEqual([
      expect.stringContaining('set TSDB_DEPLOY_HA_IMAGE'),
    ]);
  });

  it('refuse an ingress without TLS, and parts of an ingress that is not there', () => {
    expect(faultsOf(INGRESS)).toEqual([expect.stringContaining('in clear text')]);
    expect(faultsOf({ ...INGRESS, TSDB_DEPLOY_INGRESS_TLS_SECRET: 'certificate' })).toEqual([]);
    expect(faultsOf({ ...INGRESS, TSDB_DEPLOY_INGRESS_ISSUER: 'internal' })).toEqual([]);
    expect(faultsOf({ TSDB_DEPLOY_INGRESS_CLASS: 'nginx' })).toEqual([
      expect.stringContaining('set TSDB_DEPLOY_INGRESS_HOST too'),
    ]);
  });

  it.each(['169.254.169.254/32', '169.254.0.0/16', '0.0.0.0/0', '169.254.20.10/32,169.254.160.0/20'])(
    'refuse %s as the network of resolvers, as it would open the metadata service of a cloud',
    (networks) =>
      expect(faultsOf({ TSDB_DEPLOY_DNS_CIDRS: networks })).toEqual([
        expect.stringContaining('TSDB_DEPLOY_DNS_CIDRS contains 169.254.169.254'),
      ]),
  );

  it('take a Gateway in the place of an ingress, with its listener and nothing of an ingress', () => {
    const gateway = { TSDB_DEPLOY_GATEWAY: 'edge/public/https' };
    expect(faultsOf({ ...gateway, ...INGRESS })).toEqual([]);
    expect(faultsOf(gateway)).toEqual([expect.stringContaining('set TSDB_DEPLOY_INGRESS_HOST too')]);
    expect(faultsOf({ ...gateway, ...INGRESS, TSDB_DEPLOY_INGRESS_ISSUER: 'internal' })).toEqual([
      expect.stringContaining('the listener of the Gateway has the certificate'),
    ]);
    expect(faultsOf({ ...INGRESS, TSDB_DEPLOY_GATEWAY: 'edge/public' })).toEqual([
      expect.stringContaining('must be namespace, name and listener'),
    ]);
  });

  it.each(['vault', 'Secret/vault', 'SecretStore/'])('refuse %s as a store of passwords', (store) => {
    expect(faultsOf({ TSDB_DEPLOY_SECRET_STORE: store })).toEqual([
      expect.stringContaining('must be kind and name of a store'),
    ]);
  });

  it('take "off" for no backups', () => {
    expect(readConfig({ TSDB_DEPLOY_BACKUP_SCHEDULE: 'off' }).kubernetes.backupSchedule).toBe('');
    expect(readConfig({ TSDB_DEPLOY_BACKUP_SCHEDULE: '0 */6 * * MON-FRI' }).kubernetes.backupSchedule).toBe(
      '0 */6 * * MON-FRI',
    );
  });
});

describe('the number of API pods', () => {
  it('has a most that is not below the least', () => {
    expect(faultsOf({ TSDB_DEPLOY_API_REPLICAS: '4', TSDB_DEPLOY_API_MAX_REPLICAS: '3' })).toEqual([
      'TSDB_DEPLOY_API_MAX_REPLICAS must be at least TSDB_DEPLOY_API_REPLICAS, which is 4, got "3"',
    ]);
  });

  it('leaves each of them connections of the database', () => {
    expect(faultsOf({ TSDB_DEPLOY_API_MAX_REPLICAS: '14' })).toEqual([]);
    expect(faultsOf({ TSDB_DEPLOY_API_MAX_REPLICAS: '15' })).toEqual([
      expect.stringMatching(/leaves each API pod 5 connections .*_MEMORY_MIB=2048, and it needs 6/),
    ]);
    expect(faultsOf({ TSDB_DEPLOY_DB_MEMORY_MIB: '512' })).toEqual([
      expect.stringContaining('leaves each API pod 3 connections'),
    ]);
  });

  it('is no second fault where the memory is one already', () => {
    expect(faultsOf({ TSDB_DEPLOY_DB_MEMORY_MIB: '100' })).toHaveLength(1);
  });
});
