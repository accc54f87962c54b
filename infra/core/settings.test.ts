import { ENVIRONMENTS } from '../environments';
import { readConfig } from './config';
import { type Environment, SETTINGS } from './settings';

describe('an environment', () => {
  const full: Environment = {
    protectData: false,
    schemas: ['iot', 'metrics'],
    azure: {
      sshCidrs: ['198.51.100.0/24', '203.0.113.0/24'],
      parts: ['nat'],
      tags: { owner: 'ops', a: 'b c' },
    },
    kubernetes: { databaseCpus: 4 },
  };

  it('gives values of every type, and only where it says something', () => {
    const config = readConfig({}, { dev: full });
    expect(config).toMatchObject({
      protectData: false,
      schemas: 'iot,metrics',
      diskGiB: 128,
      azure: full.azure,
      kubernetes: { database: { cpus: 4, memoryMiB: 2048 } },
    });
  });

  it('yields to a variable', () => {
    const config = readConfig({ TSDB_DEPLOY_PROTECT_DATA: 'true', TSDB_DEPLOY_SSH_CIDRS: '' }, { dev: full });
    expect(config.protectData).toBe(true);
    expect(config.azure.sshCidrs).toEqual(full.azure?.sshCidrs);
    expect(readConfig({ TSDB_DEPLOY_SSH_CIDRS: 'none' }, { dev: full }).azure.sshCidrs).toEqual([]);
  });

  it('is checked as the variables are', () => {
    expect(() => readConfig({}, { dev: { diskGiB: 1.5, azure: { apiCidrs: ['10.0.0.1'] } } })).toThrow(
      /DISK_GIB must be .* got "1.5"\n.*API_CIDRS must be/,
    );
  });

  it.each(Object.keys(ENVIRONMENTS))(
    '%s is complete and has a name that Azure names have room for',
    (name) => {
      expect(readConfig({ TSDB_DEPLOY_ENVIRONMENT: name }).environment).toBe(name);
      expect(name).toMatch(/^[a-z][a-z0-9]{1,11}$/);
    },
  );
});

describe('SETTINGS', () => {
  it('names each setting once and says what it means', () => {
    expect(new Set(SETTINGS.map(({ name }) => name)).size).toBe(SETTINGS.length);
    for (const { meaning } of SETTINGS) expect(meaning.length).toBeGreaterThan(10);
  });
});
