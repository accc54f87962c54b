// The smoke test and the check for drift ask a real API behind the real Caddy with the configuration of the machine, whose
// certificate is from an authority of its own.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKey } from '../../../api/access/keys';
import { readConfig } from '../../../api/config';
import { openDatabase } from '../../../api/database/database';
import { type RunningServer, startServer } from '../../../api/server';
import { fixture } from '../../../api/testing/fixture';
import { createTestDatabase, type TestDatabase, testServers } from '../../../db/local/test-servers';
import { describeUnless } from '../../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { asking } from '../../../db/server/ask';
import { API_PLACES, caddyfile, NAMELESS } from '../../../infra/azure/machine/caddyfile';
import { type Caddy, hasCaddy, startCaddy } from '../../../infra/azure/machine/testing/caddy';
import { drift } from '../drift';
import { smoke } from './smoke';

const [server] = testServers();

describeUnless(hasCaddy ? undefined : 'caddy is not on PATH', 'a certificate of an own authority', () => {
  let folder: string;
  let database: TestDatabase;
  let api: RunningServer;
  let caddy: Caddy;
  let keys: Readonly<Record<'TSDB_API_KEY' | 'TSDB_API_WRITE_KEY', string>>;
  let printed: string;

  beforeAll(async () => {
    if (server === undefined) throw new Error('a test run has a server');
    folder = temporaryFolder();
    database = await createTestDatabase(server, fixture());
    const settings = { DATABASE_URL: database.url, LOG_LEVEL: 'silent', TSDB_POOL_SIZE: '2' };
    api = await startServer(readConfig({ ...settings, PORT: '0', TSDB_API_AUTH: 'keys' }), {
      signals: 'ignore',
    });
    const opened = openDatabase(readConfig(settings));
    try {
      const [{ key: admin }, { key: write }] = [
        await createKey(asking(opened.keys), { name: 'admin', role: 'admin' }),
        await createKey(asking(opened.keys), { name: 'write', role: 'write' }),
      ];
      keys = { TSDB_API_KEY: admin, TSDB_API_WRITE_KEY: write };
    } finally {
      await opened.end();
    }
    const port = Number(new URL(api.url).port);
    const places = Object.fromEntries(API_PLACES.map((place) => [`${place}:5000`, port]));
    caddy = await startCaddy(caddyfile({ hostName: '', tls: 'internal' }), places);
  });
  afterAll(async () => {
    await caddy.stop();
    await api.close();
    await database.drop();
    removeFolder(folder);
  });
  beforeEach(() => {
    printed = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterEach(() => jest.restoreAllMocks());

  const authority = (): string =>
    readFileSync(join(caddy.dataFolder, 'caddy', 'pki', 'authorities', 'local', 'root.crt'), 'utf8');
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const run = (env: Readonly<Record<string, string>> = {}) => ({
    env: { ...keys, TSDB_API_URL: `https://127.0.0.1:${caddy.port}`, ...env },
    signal: new AbortController().signal,
  });

  it('passes with the outputs of the stack as a pipeline passes them on', async () => {
    expect(await smoke({ wait: 30, ca: base64(authority()), servername: NAMELESS }, run())).toBe(0);
    for (const check of ['live', 'ready', 'openapi', 'series', 'ingest'])
      expect(printed).toContain(`| ${check} | passed |`);
  });

  it('passes with a file or with the text, and tells drift as well', async () => {
    const file = join(folder, 'ca.crt');
    writeFileSync(file, authority());
    for (const ca of [file, authority()])
      expect(await smoke({ wait: 0 }, run({ TSDB_API_CA: ca, TSDB_API_SERVERNAME: NAMELESS }))).toBe(0);
    const asked = run({ TSDB_API_CA: file, TSDB_API_SERVERNAME: NAMELESS });
    expect(
      await drift({ stacks: ['azure'], only: 'schema' }, { ...asked, folderOf: async () => folder }),
    ).toBe(0);
  });

  it('fails without the authority, with another one, and with another name', async () => {
    const failing = async (env: Readonly<Record<string, string>>): Promise<string> => {
      printed = '';
      expect(await smoke({ wait: 0 }, run(env))).toBe(1);
      return /\| live \| \*\*failed\*\* \| (.*) \|/.exec(printed)?.[1] ?? '';
    };
    const known = { TSDB_API_CA: authority(), TSDB_API_SERVERNAME: NAMELESS };
    expect(await failing({ TSDB_API_SERVERNAME: NAMELESS })).toContain('unable to get');
    expect(await failing({ ...known, TSDB_API_CA: otherAuthority(folder) })).toContain('no answer');
    expect(await failing({ TSDB_API_CA: known.TSDB_API_CA })).toContain(
      "does not match certificate's altnames",
    );
    // No key went to a server that was not believed.
    expect(printed).not.toContain(keys.TSDB_API_KEY);
  });

  it('says when what was given is no certificate', async () => {
    await expect(smoke({ wait: 0, ca: 'nonsense' }, run())).rejects.toThrow('neither a certificate in PEM');
    await expect(smoke({ wait: 0, ca: base64('-----BEGIN CERTIFICATE-----') }, run())).rejects.toThrow(
      'TSDB_API_CA holds no certificate',
    );
  });
});

/** A file with the certificate of an authority that has signed nothing. */
function otherAuthority(folder: string): string {
  const file = join(folder, 'other.crt');
  const args = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '1',
  ];
  const made = spawnSync(
    'openssl',
    [...args, '-subj', '/CN=other', '-keyout', join(folder, 'other.key'), '-out', file],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(made.stderr);
  return file;
}
