import { serverInfo } from './server-info';

const row = {
  server_version: '17.11',
  server_version_num: 170_011,
  database: 'd',
  available: '2.29.2',
  installed: '2.29.2',
  schema: 'public',
  preloaded: true,
  license: 'timescale',
  citus: null,
  worker: false,
};

describe('serverInfo', () => {
  it.each([
    ['Community, installed', row, 'timescaledb'],
    ['Community, not yet created', { ...row, installed: null, schema: null }, 'timescaledb'],
    [
      'no TimescaleDB',
      { ...row, available: null, installed: null, schema: null, preloaded: false, license: null },
      'postgres',
    ],
    [
      'on disk, not loaded',
      { ...row, installed: null, schema: null, preloaded: false, license: null },
      'postgres',
    ],
    [
      'Citus, beside a TimescaleDB that could be created',
      { ...row, installed: null, schema: null, citus: '14.0-1' },
      'citus',
    ],
    ['Apache edition, not created', { ...row, installed: null, schema: null, license: 'apache' }, 'postgres'],
  ] as const)('%s', (_name, given, engine) => expect(serverInfo(given).engine).toBe(engine));

  it.each([
    [
      'an old PostgreSQL',
      { ...row, server_version: '14.9', server_version_num: 140_009 },
      'PostgreSQL 14.9 is too old',
    ],
    [
      'an old TimescaleDB',
      { ...row, available: '2.19.0', installed: '2.19.0' },
      'TimescaleDB 2.19.0 is too old',
    ],
    ['an extension whose library is not loaded', { ...row, preloaded: false }, 'did not load its library'],
    [
      'an extension in another schema',
      { ...row, schema: 'ext' },
      'CREATE EXTENSION timescaledb SCHEMA public',
    ],
    ['Citus in a database of TimescaleDB', { ...row, citus: '14.0-1' }, 'together they lose rows'],
    [
      'a worker of Citus',
      { ...row, installed: null, schema: null, citus: '14.0-1', worker: true },
      'give the address of the coordinator',
    ],
    ['the Apache edition in use', { ...row, license: 'apache' }, 'need the Community edition'],
  ] as const)('refuses %s', (_name, given, message) => expect(() => serverInfo(given)).toThrow(message));
});
