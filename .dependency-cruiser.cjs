// The layout rules of this repository: who may import whom, and no cycles. `npm run check:layout` enforces them;
// scripts/layout.program.test.ts proves that each rule can fail. Tests may look at two islands at once, to hold them together.
const island = (name, ...mayImport) => ({
  name: `${name}-stays-inside`,
  severity: 'error',
  comment: `${name}/ may only import from ${[name, ...mayImport].join(', ')}`,
  from: { path: `^${name}/`, pathNot: '\\.test\\.ts$|^scripts/testing/run/' },
  to: {
    path: '^(main\\.ts$|(infra|k8s|db|api|scripts)/)',
    pathNot: `^(${[name, ...mayImport].join('|')})/`,
  },
});

const { db, api } = require('./scripts/rooms.cjs');
const pathOf = (name, layers) => `^${name}/(${layers.flat().join('|').replaceAll('.', '\\.')})(/|$)`;

/** One rule for each layer of an island but the highest: no import from a layer above. */
const directions = (name, layers) =>
  layers.slice(0, -1).map((layer, at) => ({
    name: `${name}-${layer[0]}-looks-down`,
    severity: 'error',
    comment: `${layer.join(', ')} of ${name}/ may only import from rooms that stand before it in scripts/rooms.cjs`,
    from: { path: pathOf(name, [layer]), pathNot: '\\.test\\.ts$|/testing/' },
    to: { path: pathOf(name, layers.slice(at + 1)) },
  }));

module.exports = {
  forbidden: [
    ...directions('db', db),
    ...directions('api', api),
    {
      name: 'db-upper-rooms-stay-apart',
      severity: 'error',
      comment: 'upkeep, logins and local do not know one another',
      from: { path: '^db/(upkeep|logins|local)/', pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: '^db/(upkeep|logins|local)/', pathNot: '^db/$1/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    island('infra'),
    island('k8s', 'infra/core'),
    island('db'),
    island('api', 'db'),
    island('scripts', 'db', 'api'),
    {
      name: 'main-composes-stacks',
      severity: 'error',
      comment: 'main.ts puts the stacks of infra/ and k8s/ together; it imports nothing else',
      from: { path: '^main\\.ts$' },
      to: { path: '^(db|api|scripts)/' },
    },
    {
      name: 'deep-provider-imports-only',
      severity: 'error',
      comment:
        'the index of a prebuilt provider loads every resource (seconds and a gigabyte); import its lib/<resource> instead',
      from: { path: '^(main\\.ts$|(infra|k8s)/)' },
      to: { path: 'node_modules/@cdktf/provider-[^/]+/lib/index\\.js$' },
    },
    {
      name: 'no-test-code-in-production',
      severity: 'error',
      from: { pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: '\\.test\\.ts$|/testing/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'fixtures/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'default'] },
    combinedDependencies: false,
  },
};
