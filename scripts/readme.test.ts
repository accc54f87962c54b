// README and docs say what the code does: settings, npm scripts, files.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settings as apiSettings } from '../api/config';
import type { Setting } from '../db/core/settings';
import { lintRules } from '../db/lint/lint';
import { dbSettings } from '../db/server/config';
import { SETTINGS as deploySettings } from '../infra/core/settings';
import packageJson from '../package.json';
import { kafkaSettings } from './streams/kafka/config';
import { mqttSettings } from './streams/mqtt/config';
import { streamSettings } from './streams/stream-config';

const root = join(__dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const settingsPage = readFileSync(join(root, 'docs/settings.md'), 'utf8');

describe('docs/settings.md', () => {
  it('lists exactly the settings that are read', () => {
    const rows = new Map<string, string>();
    const add = (settings: readonly Setting[], by: string): void => {
      for (const { name, default: fallback, meaning } of settings) {
        if (!rows.has(name))
          rows.set(
            name,
            `| \`${name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${by} | ${meaning} |`,
          );
      }
    };
    const shared = new Set(
      dbSettings
        .map(({ name }) => name)
        .filter((name) => apiSettings.some((setting) => setting.name === name)),
    );
    add(
      dbSettings.filter(({ name }) => shared.has(name)),
      'all',
    );
    add(dbSettings, 'tsdb');
    add(kafkaSettings, 'tsdb');
    add(streamSettings, 'tsdb');
    add(mqttSettings, 'tsdb');
    add(apiSettings, 'API');
    add(deploySettings, 'deploy');
    const table = ['| name | default | read by | meaning |', '|---|---|---|---|', ...rows.values()];
    expect(section('<!-- settings -->', '<!-- /settings -->')).toEqual(table);
  });

  it('has each setting that the README shows', () => {
    const shown = [...readme.matchAll(/`([A-Z][A-Z_]{3,})`/g)].map((match) => match[1] as string);
    const ofOthers = /^(ARM_|TF_|TSDB_(CHROMIUM|CITUS_BIN|TEST_PGBOUNCER)$)/;
    expect(shown.filter((name) => !ofOthers.test(name) && !settingsPage.includes(`| \`${name}\` |`))).toEqual(
      [],
    );
  });
});

describe('README', () => {
  it('names npm scripts that exist', () => {
    const named = [...readme.matchAll(/npm run ([a-z0-9:]+)/g)].map((match) => match[1] as string);
    expect(named.length).toBeGreaterThan(5);
    expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(named));
  });

  it('links to files that exist', () => {
    const linked = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1] as string);
    expect(linked.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('is short enough to be read', () => expect(readme.split('\n').length).toBeLessThanOrEqual(200));
});

describe('ARCHITECTURE.md', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const rooms = jest.requireActual<Record<'db' | 'api', readonly (readonly string[])[]>>('./rooms.cjs');

  it('names files and folders that exist', () => {
    const named = [...text.matchAll(/`([\w./-]+(?:\/|\.ts|\.json))`/g)]
      .map((match) => match[1] as string)
      .filter((path) => path.includes('/') || existsSync(join(root, path)));
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((path) => path !== 'testing/' && !existsSync(join(root, path)))).toEqual([]);
  });

  it.each(['db', 'api'] as const)('draws the rooms of %s/ as the layout rules have them', (island) => {
    const from = text.indexOf(`\n${island}/ `);
    const picture = text
      .slice(from, text.indexOf('\n\n', from + 1))
      .replace(`${island}/`, '')
      .replace('```', '');
    const layers = picture
      .trim()
      .split('\n')
      .map((line) => line.trim());
    expect(layers).toHaveLength(rooms[island].length);
    for (const [at, layer] of rooms[island].entries())
      expect(`${layers[at]} `).toMatch(new RegExp(`^${layer.join(' ').replaceAll('.', '\\.')} `));
  });

  it.each(['db', 'api'] as const)('knows every room of %s/', (island) => {
    const outside = /^(testing|acceptance|public|browser|README\.md)$|\.test\.ts$/;
    const found = readdirSync(join(root, island)).filter((name) => !outside.test(name));
    expect(found.sort()).toEqual(rooms[island].flat().sort());
  });

  it('is short enough to be read', () => expect(text.split('\n').length).toBeLessThanOrEqual(75));
});

describe('docs/lint.md', () => {
  it('lists exactly the lint rules', () => {
    const listed = [...readFileSync(join(root, 'docs/lint.md'), 'utf8').matchAll(/^\| (TS\d{3}) \|/gm)].map(
      (match) => match[1],
    );
    expect(listed).toEqual(lintRules.map(({ id }) => id));
  });
});

function section(start: string, end: string): readonly string[] {
  const from = settingsPage.indexOf(start);
  const to = settingsPage.indexOf(end);
  expect(from).toBeGreaterThan(0);
  expect(to).toBeGreaterThan(from);
  return settingsPage
    .slice(from + start.length, to)
    .trim()
    .split('\n');
}
