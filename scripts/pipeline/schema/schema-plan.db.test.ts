// The schema of a commit against that of this checkout, without any deployed database.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testServers } from '../../../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { select } from '../../../db/testing/apply';
import { schemaPlan } from './schema-plan';

const server = testServers('timescaledb')[0] ?? testServers()[0];

describe('pipeline schema', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    removeFolder(folder);
  });

  it('plans against a commit, in a database of its own that is gone afterwards', async () => {
    if (server === undefined) throw new Error('a test run has a server');
    const run = {
      env: { ...process.env, DATABASE_URL: server.url, TSDB_LOCAL_SERVER: '' },
      signal: new AbortController().signal,
    };
    const out = join(folder, 'schema.md');
    expect(await schemaPlan({ base: 'HEAD', out }, run)).toBe(0);
    const page = readFileSync(out, 'utf8');
    const name = /^### Schema plan for `(tsdb_schema_\w+)`/.exec(page)?.[1];
    expect(name).toBeDefined();
    // The commit's objects are there: what is left is what this checkout adds, and never everything.
    expect((page.match(/\| create \|/g) ?? []).length).toBeLessThan(10);
    expect(await select(server.url, 'SELECT FROM pg_catalog.pg_database WHERE datname = $1', [name])).toEqual(
      [],
    );
    await expect(schemaPlan({ base: 'no-such-commit' }, run)).rejects.toThrow('no commit "no-such-commit"');
  });
});
