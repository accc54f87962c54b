import { POOLER_COMMAND, poolerConfiguration } from './pooler';
import { largestPool, poolSize } from './pooler-sizes';
import { postgresSettings } from './postgres-settings';

describe('poolSize', () => {
  it.each([
    [512, 'cluster', 4],
    [2048, 'cluster', 12],
    [2048, 'machine', 25],
  ] as const)(
    'is a quarter of the connections of %i MiB for all poolers of a %s',
    (memoryMiB, place, size) => {
      expect(poolSize(0, { memoryMiB, cpus: 1 }, place)).toBe(size);
    },
  );

  it('is what the settings say', () => expect(poolSize(7, { memoryMiB: 2048, cpus: 1 }, 'cluster')).toBe(7));

  it.each([512, 1024, 2048, 65_536])('fits with %i MiB while a rollout replaces all of them', (memoryMiB) => {
    const database = { memoryMiB, cpus: 1 };
    for (const place of ['cluster', 'machine'] as const)
      expect(poolSize(0, database, place)).toBeLessThanOrEqual(largestPool(database, place));
    const { max_connections } = postgresSettings(database);
    expect(4 * largestPool(database, 'cluster') + 10).toBeLessThanOrEqual(Number(max_connections));
    expect(2 * largestPool(database, 'machine') + 10).toBeLessThanOrEqual(Number(max_connections));
  });
});

describe('poolerConfiguration', () => {
  it('is that of a transaction pooler which loses no setting quietly', () => {
    expect(poolerConfiguration('timescaledb', 12)).toMatchInlineSnapshot(`
      "[databases]
      tsdb = host=timescaledb port=5432 dbname=tsdb

      [pgbouncer]
      listen_addr = *
      listen_port = 5432
      unix_socket_dir =
      auth_type = scram-sha-256
      auth_file = /run/tsdb-pooler/users.txt
      pool_mode = transaction
      default_pool_size = 12
      max_client_conn = 1000
      max_prepared_statements = 200
      track_extra_parameters = IntervalStyle, default_transaction_read_only
      query_wait_timeout = 10
      server_lifetime = 60
      server_login_retry = 1
      server_connect_timeout = 5
      ignore_startup_parameters = extra_float_digits
      server_tls_sslmode = prefer
      log_connections = 0
      log_disconnections = 0
      log_stats = 0
      "
    `);
  });

  it('ignores no options: a role or a time limit that is lost would be noticed by nobody', () => {
    expect(poolerConfiguration('h', 1)).not.toMatch(/^ignore_startup_parameters = .*options/m);
  });
});

describe('POOLER_COMMAND', () => {
  it('has nothing that a compose file or Terraform would take for a variable', () => {
    expect(POOLER_COMMAND.join(' ')).not.toMatch(/[$%]\{|\$/);
  });
});
