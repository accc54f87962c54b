// What the machine does with pgBackRest, by the real one: the drill of a release, and the restore that docs/azure-machine.md
// describes. The repository is a folder here, and no container is between.
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { findTimescaleBinaries } from '../../db/local/binaries';
import { runAs, serverUser } from '../../db/local/system-user';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { quietPort } from '../../db/local/testing/quiet-port';

const root = join(__dirname, '..', '..');
const binaries = findTimescaleBinaries(process.env);
const hasPgbackrest = spawnSync('pgbackrest', ['version']).status === 0;
const missing = !hasPgbackrest
  ? 'pgbackrest is not on PATH'
  : binaries === undefined
    ? 'no TimescaleDB'
    : undefined;

/** The script that the drill runs in the container of the database. */
const drillScript = (): string => {
  const text = readFileSync(join(root, 'infra/azure/machine/release/restore-drill.sh'), 'utf8');
  return /<<'DRILL'\n(.*)\nDRILL\n/s.exec(text)?.[1] ?? 'exit 99';
};

/** The arguments of pgBackRest in the documentation. */
const documentedRestore = (): string => {
  const page = readFileSync(join(root, 'docs/azure-machine.md'), 'utf8');
  return /(--stanza=main --type=time --target=.* restore)$/m.exec(page)?.[1] ?? '--no-such-command';
};

// As those of the machine: larger than the defaults, which are in the files of the database.
const LARGER = '-c max_connections=220 -c max_worker_processes=40 -c max_locks_per_transaction=512';

describeUnless(missing, 'the repository of pgBackRest', () => {
  let place: string;
  let env: Readonly<Record<string, string>>;
  let drillPort: string;
  let moment = '';

  /** Runs a shell script as the user of the server; gives what it printed. */
  const shell = (script: string, more: Readonly<Record<string, string>> = {}): string => {
    const { status, stdout, stderr } = spawnSync('bash', ['-euc', script], {
      ...runAs(serverUser()),
      env: { ...env, ...more },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`exit code ${status}: ${stdout}${stderr}`);
    return stdout.trim();
  };
  const start = () =>
    shell(
      `pg_ctl -D "$PGBACKREST_PG1_PATH" -w -l "$PLACE/log" -o "-c unix_socket_directories='$PLACE' -c listen_addresses='' ${LARGER} -c shared_preload_libraries=timescaledb -c archive_mode=on -c archive_command='pgbackrest archive-push %p'" start >/dev/null`,
    );
  const stop = () => shell('pg_ctl -D "$PGBACKREST_PG1_PATH" -m fast -w stop >/dev/null');
  const rows = (statement: string) => shell(`psql -X -qAt -d tsdb -c "${statement}"`);
  /** Everything until now is in the repository afterwards. */
  const archive = () => rows('SELECT pg_switch_wal()') && shell('pgbackrest check');

  beforeAll(async () => {
    place = temporaryFolder();
    for (const name of ['repository', 'locks', 'spool', 'pgdata']) mkdirSync(join(place, name));
    const user = serverUser();
    if (user !== undefined)
      for (const name of ['.', 'repository', 'locks', 'spool', 'pgdata'])
        chownSync(join(place, name), user.uid, user.gid);
    drillPort = String(await quietPort());
    const port = String(await quietPort());
    env = {
      PATH: `${binaries?.binDir}:${process.env.PATH}`,
      LC_ALL: 'C',
      TZ: 'UTC',
      PLACE: place,
      PGHOST: place,
      PGPORT: port,
      PGUSER: 'postgres',
      PGBACKREST_CONFIG: '/dev/null',
      PGBACKREST_STANZA: 'main',
      PGBACKREST_PG1_PATH: join(place, 'pgdata'),
      PGBACKREST_PG1_PORT: port,
      PGBACKREST_PG1_SOCKET_PATH: place,
      PGBACKREST_REPO1_PATH: join(place, 'repository'),
      PGBACKREST_REPO1_CIPHER_TYPE: 'aes-256-cbc',
      PGBACKREST_REPO1_CIPHER_PASS: 'not-a-secret',
      PGBACKREST_REPO1_BLOCK: 'y',
      PGBACKREST_REPO1_BUNDLE: 'y',
      PGBACKREST_REPO1_RETENTION_FULL: '2',
      PGBACKREST_ARCHIVE_ASYNC: 'y',
      PGBACKREST_SPOOL_PATH: join(place, 'spool'),
      PGBACKREST_LOCK_PATH: join(place, 'locks'),
      PGBACKREST_LOG_LEVEL_FILE: 'off',
      PGBACKREST_START_FAST: 'y',
    };
    shell('initdb -D "$PGBACKREST_PG1_PATH" -U postgres --auth=trust >/dev/null');
    start();
    shell('createdb tsdb && pgbackrest stanza-create && pgbackrest check');
    rows('CREATE EXTENSION timescaledb; CREATE TABLE readings (time timestamptz NOT NULL, value float8)');
    rows("SELECT create_hypertable('readings', 'time')");
    rows("INSERT INTO readings SELECT now() - i * interval '1 minute', i FROM generate_series(1, 1000) i");
    shell('pgbackrest --type=full backup');
  });
  afterAll(() => {
    if (missing !== undefined) return;
    try {
      shell('pg_ctl -D "$PGBACKREST_PG1_PATH" -m immediate stop >/dev/null');
    } finally {
      removeFolder(place);
    }
  });

  it('passes the drill, which sees what was written after the backup', () => {
    rows("INSERT INTO readings SELECT now() + i * interval '1 second', i FROM generate_series(1, 5) i");
    archive();
    const script = drillScript()
      .replaceAll('5499', drillPort)
      .replace('count(*) AS relations FROM pg_class', 'count(*) AS relations FROM readings');
    expect(script).toContain('FROM readings');
    const output = shell(script, { DRILL: join(place, 'drill') });
    expect(output).toMatch(/relations\s+-+\s+1005\n/);
  });

  it('gives back a moment before a mistake, by the command of the page', () => {
    moment = rows("SELECT to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.USOF')");
    rows('DELETE FROM readings');
    archive();
    stop();
    renameSync(join(place, 'pgdata'), join(place, 'pgdata.before'));
    shell('install -d -m 0700 "$PGBACKREST_PG1_PATH"');
    shell(`pgbackrest ${documentedRestore().replace(/'2026-[^']+'/, `'${moment}'`)}`);
    start();
    shell('until [ "$(psql -X -qAt -d tsdb -c \'SELECT pg_is_in_recovery()\')" = f ]; do :; done');
    expect(rows('SELECT count(*) FROM readings')).toBe('1005');
    expect(shell('pgbackrest check && pgbackrest --type=full backup && echo saved')).toContain('saved');
  });
});
