// tsdb new set: writes the declaration of a new schema set and registers it, ready to be edited.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../db/core/errors';
import { print } from '../output';

const FOLDER = 'db/schema';
const REGISTRY = `${FOLDER}/sets.ts`;

/** Creates the set in the checkout that the command runs in, and says what to do next. */
export async function newSet(name: string): Promise<number> {
  createSet(process.cwd(), name);
  print(`created ${FOLDER}/${name}.ts and registered set ${name} in ${REGISTRY}`);
  print(`next: edit the file, then run TSDB_SCHEMAS=iot,service,${name} npm run db:plan`);
  return 0;
}

/**
 * Writes `db/schema/NAME.ts` and its two lines in `db/schema/sets.ts`.
 * @param checkout folder of the repository.
 * @throws UsageError when the name cannot be used or the folder is no checkout; then nothing was written.
 */
export function createSet(checkout: string, name: string): void {
  // It becomes the name of a file, of a PostgreSQL schema and of a constant.
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(name)) {
    throw new UsageError(
      `"${name}" cannot be the name of a set; use at most 40 lower-case letters, digits and _, and begin with a letter`,
    );
  }
  const registry = join(checkout, REGISTRY);
  if (!existsSync(registry)) {
    throw new UsageError(
      `there is no ${REGISTRY} in ${checkout}; run this command in the folder of the repository`,
    );
  }
  const file = join(checkout, FOLDER, `${name}.ts`);
  if (existsSync(file)) {
    throw new UsageError(`${FOLDER}/${name}.ts already exists; edit it, or choose another name`);
  }
  const registered = register(readFileSync(registry, 'utf8'), name);
  writeFileSync(file, declaration(name), { flag: 'wx' });
  // Renamed into place, so that an interruption leaves either the old registry or the new one.
  writeFileSync(`${registry}.new`, registered);
  renameSync(`${registry}.new`, registry);
}

const constantOf = (name: string): string =>
  `${name.replace(/_+([a-z0-9]?)/g, (_, letter: string) => letter.toUpperCase())}Set`;

/** The text of `sets.ts` with the set imported, in alphabetical order, and at the end of the list. */
function register(text: string, name: string): string {
  const constant = constantOf(name);
  const line = `import { ${constant} } from './${name}';\n`;
  const imports = [...text.matchAll(/^import \{ \w+ \} from '\.\/(\w+)';\n/gm)];
  const before = imports.find(([, other = '']) => other > name);
  const last = imports.at(-1);
  const at = before?.index ?? (last && last.index + last[0].length);
  const end = /^export const schemaSets\b[^{]*\{\n(?: {2}.*\n)*/m.exec(text);
  if (at === undefined || end === null) {
    throw new UsageError(
      `${REGISTRY} does not look as expected; write ${FOLDER}/${name}.ts yourself and add it to \`schemaSets\` there`,
    );
  }
  const list = end.index + end[0].length;
  return `${text.slice(0, at)}${line}${text.slice(at, list)}  ${name}: ${constant},\n${text.slice(list)}`;
}

const declaration = (name: string): string => `// Set \`${name}\`: say here what it holds.
import { continuousAggregate } from '../language/aggregate';
import { float8, text, timestamptz } from '../language/columns';
import { avg, count, max, min } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { desc, index } from '../language/indexes';
import { schemaSet } from '../language/schema-set';

/** One row per source and time. */
const reading = hypertable('${name}.reading', {
  columns: {
    time: timestamptz().notNull(),
    source: text().notNull(),
    value: float8(),
  },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [index('source', desc('time'))],
  columnstore: { segmentBy: ['source'], orderBy: [desc('time')], after: '7 days' },
  retention: '90 days',
});

/** Hourly figures per source. */
const readingHourly = continuousAggregate('${name}.reading_hourly', {
  from: reading,
  bucket: '1 hour',
  groupBy: ['source'],
  select: {
    avg_value: avg('value'),
    min_value: min('value'),
    max_value: max('value'),
    reading_count: count(),
  },
  realTime: true,
  refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
});

export const ${constantOf(name)} = schemaSet('${name}', [reading, readingHourly]);
`;
