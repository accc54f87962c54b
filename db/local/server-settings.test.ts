import { type SettingsInput, serverSettings, settingArguments } from './server-settings';

const GIB = 1024 ** 3;
const base: SettingsInput = { flavour: 'postgres', port: 5433, durable: true, memoryBytes: 16 * GIB };

describe('serverSettings', () => {
  it('listens on loopback and on no socket', () => {
    expect(serverSettings(base)).toMatchObject({
      listen_addresses: '127.0.0.1',
      port: '5433',
      unix_socket_directories: '',
    });
  });

  it('loads TimescaleDB only where it is, without telemetry', () => {
    expect(serverSettings(base)).not.toHaveProperty('shared_preload_libraries');
    expect(serverSettings({ ...base, flavour: 'timescaledb' })).toMatchObject({
      shared_preload_libraries: 'timescaledb',
      max_worker_processes: '64',
      'timescaledb.max_background_workers': '32',
      'timescaledb.telemetry_level': 'off',
    });
  });

  it('loads Citus only where it is, with what two-phase commits and moves of shards need', () => {
    expect(serverSettings({ ...base, flavour: 'citus' })).toMatchObject({
      shared_preload_libraries: 'citus',
      wal_level: 'logical',
      max_prepared_transactions: '800',
      'citus.enable_statistics_collection': 'off',
    });
    expect(serverSettings({ ...base, flavour: 'timescaledb' })).not.toHaveProperty('wal_level');
  });

  it('gives up durability for throw-away data only', () => {
    for (const name of ['fsync', 'synchronous_commit', 'full_page_writes']) {
      expect(serverSettings(base)).not.toHaveProperty(name);
      expect(serverSettings({ ...base, durable: false })).toHaveProperty(name, 'off');
    }
  });

  it.each([
    [256 * 1024 ** 2, true, '64MB'],
    [4 * GIB, true, '512MB'],
    [64 * GIB, true, '1024MB'],
    [64 * GIB, false, '128MB'],
  ])('of %d bytes of memory, durable %s, shares %s', (memoryBytes, durable, shared) => {
    expect(serverSettings({ ...base, memoryBytes, durable }).shared_buffers).toBe(shared);
  });

  it('lets the caller win', () => {
    const asked = { ...base, maxConnections: 7, settings: { fsync: 'on', jit: 'on' } };
    expect(serverSettings({ ...asked, durable: false })).toMatchObject({
      max_connections: '7',
      fsync: 'on',
      jit: 'on',
    });
  });
});

it('settingArguments are those of postgres', () => {
  expect(settingArguments({ a: '1', 'b.c': '' })).toEqual(['-c', 'a=1', '-c', 'b.c=']);
});
