import { MACHINE_SIZES } from './machine-sizes';
import { type PostgresSettings, postgresSettings, serverArguments } from './postgres-settings';

const SIZES = [
  { memoryMiB: 256, cpus: 1 },
  { memoryMiB: 333, cpus: 1 },
  { memoryMiB: 512, cpus: 1 },
  { memoryMiB: 1023, cpus: 2 },
  { memoryMiB: 2048, cpus: 1.5 },
  ...Object.values(MACHINE_SIZES),
  { memoryMiB: 1_048_576, cpus: 128 },
];

function amount(settings: PostgresSettings, name: string): number {
  const match = /^(\d+)(kB|MB)?$/.exec(settings[name] ?? '');
  if (match === null) throw new Error(`${name} is "${settings[name]}"`);
  return Number(match[1]) / (match[2] === 'kB' ? 1024 : 1);
}

describe('postgresSettings', () => {
  it('computes the parameters of a small server', () => {
    expect(postgresSettings({ memoryMiB: 2048, cpus: 1 })).toMatchInlineSnapshot(`
      {
        "checkpoint_completion_target": "0.9",
        "checkpoint_timeout": "15min",
        "effective_cache_size": "1536MB",
        "effective_io_concurrency": "200",
        "jit": "off",
        "listen_addresses": "*",
        "maintenance_work_mem": "128MB",
        "max_connections": "100",
        "max_locks_per_transaction": "512",
        "max_parallel_maintenance_workers": "1",
        "max_parallel_workers": "1",
        "max_parallel_workers_per_gather": "1",
        "max_wal_size": "1024MB",
        "max_worker_processes": "20",
        "min_wal_size": "512MB",
        "random_page_cost": "1.1",
        "shared_buffers": "512MB",
        "shared_preload_libraries": "timescaledb",
        "timescaledb.max_background_workers": "16",
        "timescaledb.telemetry_level": "off",
        "wal_buffers": "16MB",
        "wal_compression": "on",
        "wal_level": "replica",
        "work_mem": "4805kB",
      }
    `);
  });

  it.each(SIZES)('stays within $memoryMiB MiB and $cpus cores', (size) => {
    const settings = postgresSettings(size);
    const of = (name: string) => amount(settings, name);
    expect(
      of('shared_buffers') + of('maintenance_work_mem') + of('max_connections') * of('work_mem'),
    ).toBeLessThan(size.memoryMiB);
    expect(of('effective_cache_size')).toBeLessThan(size.memoryMiB);
    expect(of('max_worker_processes')).toBeGreaterThan(
      of('timescaledb.max_background_workers') + of('max_parallel_workers'),
    );
    expect(of('max_parallel_workers_per_gather')).toBeLessThanOrEqual(of('max_parallel_workers'));
    // the least that PostgreSQL accepts
    expect(of('work_mem')).toBeGreaterThanOrEqual(64 / 1024);
    expect(of('maintenance_work_mem')).toBeGreaterThanOrEqual(1);
    expect(of('min_wal_size')).toBeLessThanOrEqual(of('max_wal_size'));
  });

  it('is sorted by name', () => {
    const names = Object.keys(postgresSettings({ memoryMiB: 4096, cpus: 2 }));
    expect(names).toEqual([...names].sort());
  });

  it.each([
    { memoryMiB: 255, cpus: 1 },
    { memoryMiB: Number.NaN, cpus: 1 },
    { memoryMiB: 2048, cpus: 0 },
  ])('refuses $memoryMiB MiB with $cpus cores', (size) => {
    expect(() => postgresSettings(size)).toThrow(RangeError);
  });
});

describe('serverArguments', () => {
  it('gives each setting as -c name=value', () => {
    expect(serverArguments({ a: '1', 'b.c': 'x' })).toEqual(['-c', 'a=1', '-c', 'b.c=x']);
  });
});
