// Each guard of `npm run check` fails on a fixture made for it; a guard that cannot fail guards nothing.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

const ROOT = join(__dirname, '..');
const program = (name: string): string => join(ROOT, 'node_modules', '.bin', name);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsdb-layout-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes files whose content is one import each. */
function writeTree(imports: Readonly<Record<string, readonly string[]>>): void {
  write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { module: 'nodenext', moduleResolution: 'nodenext' } }),
  );
  write(
    'node_modules/@cdktf/provider-azurerm/package.json',
    '{"name":"@cdktf/provider-azurerm","main":"lib/index.js"}',
  );
  write('node_modules/@cdktf/provider-azurerm/lib/index.js', 'exports.subnet = 1;');
  write('node_modules/@cdktf/provider-azurerm/lib/subnet/index.js', 'exports.subnet = 1;');
  for (const [file, targets] of Object.entries(imports)) {
    const lines = targets.map(
      (target, at) => `import * as m${at} from '${target}';\nexport const n${at} = m${at};\n`,
    );
    write(file, lines.join('') || 'export const leaf = 1;\n');
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function checkLayout(): { status: number | null; violations: readonly string[] } {
  const config = join(ROOT, '.dependency-cruiser.cjs');
  const islands = ['main.ts', 'infra', 'k8s', 'db', 'api', 'scripts'];
  const args = ['--config', config, '--output-type', 'err', ...islands];
  const { status, stdout } = spawnSync(program('depcruise'), args, { cwd: folder, encoding: 'utf8' });
  // "  error rule: from → to"; a cycle goes on in the next line.
  const found = stdout.matchAll(/^ +error (\S+): (\S+) →\s+(\S+)/gm);
  return { status, violations: [...found].map(([, rule, from, to]) => `${rule}: ${from} -> ${to}`).sort() };
}

// What is allowed: every import that the design names, at least once.
const CLEAN: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['./k8s/stack', './infra/azure/stack'],
  'infra/azure/stack.ts': ['../core/names', '@cdktf/provider-azurerm/lib/subnet'],
  'infra/azure/stack.test.ts': ['./stack', '../testing/synthesise'],
  'infra/testing/synthesise.ts': ['../core/names'],
  'infra/core/names.ts': [],
  'k8s/stack.ts': ['../infra/core/names'],
  'db/core/errors.ts': [],
  'db/model.ts': ['./core/errors'],
  'db/upkeep/status.ts': ['../model'],
  'db/logins/logins.ts': ['../model'],
  'api/http/problems.ts': [],
  'api/series/routes.ts': ['../http/problems'],
  'api/ingest/routes.ts': ['../series/routes'],
  'api/app.ts': ['./ingest/routes'],
  'api/server.ts': ['../db/model', './app'],
  'scripts/tsdb.ts': ['../db/model', '../api/server'],
};

type Layers = readonly (readonly string[])[];
const { db, api } = jest.requireActual<{ db: Layers; api: Layers }>('./rooms.cjs');

/** For each layer but the highest a file in it, and what that file imports: a file of the layer above. */
const upwardPairs = (island: string, layers: Layers): readonly (readonly [string, string])[] =>
  layers.slice(1).map((layer, at) => {
    const fileIn = ([room = '']: readonly string[], name: string): string =>
      room.endsWith('.ts') ? `${island}/${room}` : `${island}/${room}/${name}.ts`;
    return [fileIn(layers[at] ?? [], 'looks-up'), fileIn(layer, 'above')];
  });

const upward = (island: string, layers: Layers): Record<string, readonly string[]> => {
  const above = upwardPairs(island, layers).map(([, to]) => [to, []] as const);
  const pairs = upwardPairs(island, layers).map(
    ([from, to]) =>
      [
        from,
        [
          relative(dirname(from), to)
            .replace(/\.ts$/, '')
            .replace(/^(?!\.)/, './'),
        ],
      ] as const,
  );
  return Object.fromEntries([...above, ...pairs]);
};

const upwardViolations = (island: string, layers: Layers): readonly string[] =>
  upwardPairs(island, layers).map(
    ([from, to], at) => `${island}-${layers[at]?.[0]}-looks-down: ${from} -> ${to}`,
  );

describe('the layout rules', () => {
  it('pass a clean tree', () => {
    writeTree(CLEAN);
    expect(checkLayout()).toEqual({ status: 0, violations: [] });
  });

  it('each catch what they are for, and nothing else', () => {
    writeTree({
      ...CLEAN,
      'main.ts': ['./db/model'],
      'infra/to-db.ts': ['../db/model'],
      'infra/to-main.ts': ['../main'],
      'infra/azure/to-k8s.ts': ['../../k8s/stack'],
      'infra/azure/whole-provider.ts': ['@cdktf/provider-azurerm'],
      'k8s/to-azure.ts': ['../infra/azure/stack'],
      'db/to-api.ts': ['../api/server'],
      'db/to-testing.ts': ['./testing/sets'],
      'db/testing/sets.ts': [],
      'db/first.ts': ['./second'],
      'db/second.ts': ['./first'],
      'db/to-nowhere.ts': ['./nowhere'],
      'api/to-scripts.ts': ['../scripts/tsdb'],
      'scripts/to-infra.ts': ['../infra/core/names'],
      ...upward('db', db),
      ...upward('api', api),
      'db/upkeep/to-logins.ts': ['../logins/logins'],
    });
    const { status, violations } = checkLayout();
    expect(violations).toEqual(
      [
        ...upwardViolations('db', db),
        ...upwardViolations('api', api),
        'db-upper-rooms-stay-apart: db/upkeep/to-logins.ts -> db/logins/logins.ts',
        'api-stays-inside: api/to-scripts.ts -> scripts/tsdb.ts',
        'db-stays-inside: db/to-api.ts -> api/server.ts',
        'deep-provider-imports-only: infra/azure/whole-provider.ts -> node_modules/@cdktf/provider-azurerm/lib/index.js',
        'infra-stays-inside: infra/azure/to-k8s.ts -> k8s/stack.ts',
        'infra-stays-inside: infra/to-db.ts -> db/model.ts',
        'infra-stays-inside: infra/to-main.ts -> main.ts',
        'k8s-stays-inside: k8s/to-azure.ts -> infra/azure/stack.ts',
        'main-composes-stacks: main.ts -> db/model.ts',
        'no-cycles: db/first.ts -> db/second.ts',
        'no-test-code-in-production: db/to-testing.ts -> db/testing/sets.ts',
        'no-unresolved: db/to-nowhere.ts -> ./nowhere',
        'scripts-stays-inside: scripts/to-infra.ts -> infra/core/names.ts',
      ].sort(),
    );
    expect(status).not.toBe(0);
    const { forbidden } = jest.requireActual<{ forbidden: readonly { name: string }[] }>(
      '../.dependency-cruiser.cjs',
    );
    expect([...new Set(violations.map((violation) => violation.split(':')[0]))]).toEqual(
      forbidden.map(({ name }) => name).sort(),
    );
  });
});

describe('the linter', () => {
  const BAD: Readonly<Record<string, string>> = {
    noConsole: "console.log('x');\n",
    noDefaultExport: 'export default 1;\n',
    noExplicitAny: 'export const one: any = 1;\n',
    noUnusedImports: "import { join } from 'node:path';\n\nexport const one = 1;\n",
    noUnusedVariables: 'const one = 1;\n',
    useImportType: "import { Client } from 'pg';\n\nexport type One = Client;\n",
    useNodejsImportProtocol: "import { join } from 'path';\n\nexport const one = join('a');\n",
  };

  it('catches each thing that biome.json forbids, and passes a clean file', () => {
    // The repository's rules, without its ignore file: the fixtures are not part of a checkout.
    const config = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')) as Record<string, unknown>;
    write('biome.json', JSON.stringify({ ...config, vcs: { enabled: false } }));
    write('scripts/clean.ts', 'export const one = 1;\n');
    for (const [rule, source] of Object.entries(BAD)) write(`scripts/${rule}.ts`, source);
    const args = ['lint', '--reporter=github', 'scripts'];
    const { status, stdout } = spawnSync(program('biome'), args, { cwd: folder, encoding: 'utf8' });
    const caught = [...stdout.matchAll(/title=lint\/\w+\/(\w+),file=([^,]*\/)?(\w+)\.ts/g)];
    expect(caught.map(([, rule, , file]) => `${file}: ${rule}`).sort()).toEqual(
      Object.keys(BAD).map((rule) => `${rule}: ${rule}`),
    );
    expect(status).not.toBe(0);
  });
});

describe('the compiler', () => {
  const aggregate = (column: string): string => `
import { float8, timestamptz } from '${ROOT}/db/language/columns';
import { continuousAggregate } from '${ROOT}/db/language/aggregate';
import { hypertable } from '${ROOT}/db/language/hypertable';
import { avg } from '${ROOT}/db/language/expressions';
const table = hypertable('t', { columns: { at: timestamptz().notNull(), value: float8() }, time: 'at', chunkInterval: '1 day' });
export const hourly = continuousAggregate('t_hourly', {
  from: table, bucket: '1 hour', groupBy: [], select: { mean: avg('${column}') }, realTime: true,
  refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
});
`;

  it('catches a column that the table does not have', () => {
    write('right.ts', aggregate('value'));
    write('wrong.ts', aggregate('valeu'));
    write(
      'tsconfig.json',
      JSON.stringify({
        extends: join(ROOT, 'tsconfig.json'),
        compilerOptions: { typeRoots: [join(ROOT, 'node_modules', '@types')] },
        include: ['*.ts'],
      }),
    );
    const { status, stdout } = spawnSync(program('tsc'), ['-p', folder], { cwd: folder, encoding: 'utf8' });
    expect(stdout.match(/^\S.*error TS.*$/gm)).toEqual([expect.stringMatching(/^wrong\.ts.*valeu/)]);
    expect(status).not.toBe(0);
  });
});
