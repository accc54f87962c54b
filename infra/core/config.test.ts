import { readConfig, UsageError } from './config';
import { SETTINGS, type SettingName } from './settings';

/** A good value for each setting that differs from its default. */
const OTHER: Record<SettingName, string> = {
  TSDB_DEPLOY_NAME: 'plant',
  TSDB_DEPLOY_ENVIRONMENT: 'prod',
  TSDB_DEPLOY_PROTECT_DATA: 'false',
  TSDB_DEPLOY_DISK_GIB: '512',
  TSDB_DEPLOY_DB_FLAVOUR: 'ha',
  TSDB_DEPLOY_DB_IMAGE: 'mirror.example.org/timescaledb:latest',
  TSDB_DEPLOY_REGION: 'northeurope',
  TSDB_DEPLOY_ZONE: '2',
  TSDB_DEPLOY_VM_SIZE: 'Standard_E4s_v5',
  TSDB_DEPLOY_SSH_PUBLIC_KEY: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ops@example.org',
  TSDB_DEPLOY_SSH_CIDRS: '198.51.100.7/32',
  TSDB_DEPLOY_API_CIDRS: '0.0.0.0/0',
  TSDB_DEPLOY_DNS_LABEL: 'plant-metrics',
  TSDB_DEPLOY_KUBE_CONFIG: '/etc/kube/config',
  TSDB_DEPLOY_KUBE_CONTEXT: 'kind-plant',
  TSDB_DEPLOY_STORAGE_CLASS: 'managed-csi-premium',
  TSDB_DEPLOY_DB_MEMORY_MIB: '4096',
  TSDB_DEPLOY_DB_CPUS: '4',
  TSDB_DEPLOY_API_REPLICAS: '3',
  TSDB_APP_IMAGE: 'registry.example.org/tsdb:1.2.3',
  TSDB_SCHEMAS: 'iot,metrics',
};

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof UsageError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('readConfig', () => {
  it('needs no settings at all', () => {
    const config = readConfig({});
    expect(config.protectData).toBe(true);
    expect(config.azure.sshCidrs).toEqual([]);
    expect(config.appImage).toBe('');
  });

  it.each(Object.entries(OTHER))('lets %s change the configuration', (name, value) => {
    expect(readConfig({ [name]: value })).not.toEqual(readConfig({}));
  });

  it('takes an empty variable for an unset one', () => {
    const empty = Object.fromEntries(SETTINGS.map(({ name }) => [name, ' ']));
    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  it('lists every fault at once, with the value it met and what it allows', () => {
    const faults = faultsOf({
      TSDB_DEPLOY_ZONE: '9',
      TSDB_DEPLOY_DISK_GIB: '1e3',
      TSDB_DEPLOY_SSH_CIDRS: '10.0.0.0/8, 10.0.0.300/32,10.1.1.1',
      TSDB_DEPLOY_PROTECT_DATA: 'no',
    });
    expect(faults).toEqual([
      'TSDB_DEPLOY_PROTECT_DATA must be one of true, false, got "no"',
      'TSDB_DEPLOY_DISK_GIB must be a whole number from 16 to 65536, got "1e3"',
      'TSDB_DEPLOY_ZONE must be one of 1, 2, 3, got "9"',
      'TSDB_DEPLOY_SSH_CIDRS must be IPv4 networks such as 203.0.113.0/24, got "10.0.0.300/32"',
      'TSDB_DEPLOY_SSH_CIDRS must be IPv4 networks such as 203.0.113.0/24, got "10.1.1.1"',
    ]);
  });

  it('refuses a misspelt setting', () => {
    expect(faultsOf({ TSDB_DEPLOY_REGOIN: 'westeurope' })).toEqual([
      'TSDB_DEPLOY_REGOIN is not a setting of this deployment',
    ]);
  });

  it('refuses to open SSH to the whole internet', () => {
    expect(faultsOf({ TSDB_DEPLOY_SSH_CIDRS: '0.0.0.0/0' })).toEqual([
      expect.stringContaining('whole internet'),
    ]);
  });

  it.each(['img:1 ; rm -rf /', `\${path.module}`, 'img:%{if true}'])(
    'refuses the image reference %p',
    (image) => {
      expect(faultsOf({ TSDB_DEPLOY_DB_IMAGE: image })).toHaveLength(1);
    },
  );

  it('refuses a Terraform template in the comment of the SSH key', () => {
    expect(faultsOf({ TSDB_DEPLOY_SSH_PUBLIC_KEY: `ssh-ed25519 AAAA \${path.cwd}` })).toHaveLength(1);
  });

  it('keeps the layout of the flavour when another image is given', () => {
    const { image } = readConfig({
      TSDB_DEPLOY_DB_FLAVOUR: 'ha',
      TSDB_DEPLOY_DB_IMAGE: 'mirror.example.org/ha:1',
    });
    expect(image).toMatchObject({
      image: 'mirror.example.org/ha:1',
      uid: 1000,
      dataMount: '/home/postgres/pgdata',
    });
  });

  it('is frozen all the way down', () => {
    const config = readConfig({ TSDB_DEPLOY_API_CIDRS: '203.0.113.0/24' });
    for (const value of [config, config.azure, config.azure.apiCidrs, config.kubernetes.database])
      expect(Object.isFrozen(value)).toBe(true);
  });
});

describe('SETTINGS', () => {
  it('names each setting once and says what it means', () => {
    expect(new Set(SETTINGS.map(({ name }) => name)).size).toBe(SETTINGS.length);
    for (const { meaning } of SETTINGS) expect(meaning.length).toBeGreaterThan(10);
  });
});
