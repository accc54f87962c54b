// `tsdb new set`: what it writes is a set that can be selected, linted, applied and found in sync.
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, testServers } from '../../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { applySets, planSets } from '../../db/testing/apply';
import { ROOT, tsdb } from '../testing/command-line';
import { createSet } from './new-set';

const REGISTRY = 'db/schema/sets.ts';

let checkout: string;
const read = (file: string): string => readFileSync(join(checkout, file), 'utf8');
const selectSets = (names: string) =>
  jest.requireActual<typeof import('../../db/schema/sets')>(join(checkout, REGISTRY)).selectSets(names);

beforeEach(() => {
  checkout = temporaryFolder();
  for (const room of ['core', 'language', 'schema'])
    cpSync(join(ROOT, 'db', room), join(checkout, 'db', room), { recursive: true });
});
afterEach(() => removeFolder(checkout));

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'new set, on %s',
  (_, server) => {
    it('declares a set that applies and is in sync', async () => {
      createSet(checkout, 'energy');
      createSet(checkout, 'zoo_animals2');
      const database = await createTestDatabase(server);
      try {
        const sets = selectSets('energy,zoo_animals2');
        await applySets(database.url, sets);
        expect(await planSets(database.url, sets)).toMatchObject({ steps: [], refusals: [] });
      } finally {
        await database.drop();
      }
    });
  },
);

describe('new set', () => {
  it('keeps what was registered, and the imports in order', () => {
    const before = read(REGISTRY);
    createSet(checkout, 'energy');
    const added = read(REGISTRY)
      .split('\n')
      .filter((line) => !before.split('\n').includes(line));
    expect(added).toEqual(["import { energySet } from './energy';", '  energy: energySet,']);
    const imports = [...read(REGISTRY).matchAll(/from '\.\/(\w+)'/g)].map(([, name]) => name);
    expect(imports).toEqual([...imports].sort());
    expect(existsSync(join(checkout, `${REGISTRY}.new`))).toBe(false);
  });

  it.each([
    ['Energy', 'cannot be the name of a set'],
    ['2fast', 'cannot be the name of a set'],
    ['../energy', 'cannot be the name of a set'],
    ['iot', 'db/schema/iot.ts already exists'],
  ])('refuses %s', (name, why) => {
    const before = read(REGISTRY);
    expect(() => createSet(checkout, name)).toThrow(why);
    expect(read(REGISTRY)).toBe(before);
  });

  it('refuses a registry that it does not understand, and writes nothing', () => {
    writeFileSync(join(checkout, REGISTRY), 'export {};\n');
    expect(() => createSet(checkout, 'energy')).toThrow('does not look as expected');
    expect(existsSync(join(checkout, 'db/schema/energy.ts'))).toBe(false);
  });

  it('is refused outside of a checkout', async () => {
    expect(() => createSet(join(checkout, 'db'), 'energy')).toThrow(
      'run this command in the folder of the repository',
    );
    // The command itself, on a name that changes nothing here.
    expect(await tsdb(['new', 'set', 'iot'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('db/schema/iot.ts already exists'),
    });
  });
});
