// Shows how a file would be read, and what of it would be stored. Writes nothing.
import type { Client } from 'pg';
import { UsageError } from '../../../db/core/errors';
import { ident } from '../../../db/core/sql';
import { nameOf } from '../../../db/language/names';
import { withConnection, withRollback } from '../../../db/server/connection';
import { INCOMING, PLACE, prepareSession, type Session } from '../check/session';
import { stageRows } from '../check/staging';
import type { Decimal, Destination, Encoding, Format, ImportOptions, Refusal } from '../options';
import { type Cut, cutBatches } from '../read/batches';
import { openContent } from '../read/content';
import type { FilledColumn } from '../read/mapping';
import { withFile } from '../read/source';
import { formatOf, isTimeType, TIMESTAMPTZ } from '../read/times';
import { type Choice, choicesOf } from './choices';
import { detect } from './detect';

/** How a file would be read, with the first rows of each way to read it. */
export interface Preview {
  readonly file: string;
  readonly table: string;
  readonly format: Format;
  readonly encoding: Encoding;
  /** Of CSV only. */
  readonly delimiter: string | null;
  readonly decimal: Decimal | null;
  readonly header: boolean | null;
  /** Time zone of times without an offset. */
  readonly zone: string;
  /** One way, or several when the file does not say which one is right. */
  readonly choices: readonly PreviewChoice[];
  /** What is to be decided or changed before the file can be imported; empty = run the command. */
  readonly problems: readonly string[];
}

export interface PreviewChoice {
  readonly command: string;
  /** Column → what fills it; null = nothing does. */
  readonly columns: Readonly<Record<string, string | null>>;
  /** Column → format of its times. */
  readonly timeFormats: Readonly<Record<string, string>>;
  /** Fields that fill no column. */
  readonly ignored: readonly string[];
  /** The first rows as they would be stored. Values are texts, times are in UTC. */
  readonly rows: readonly Readonly<Record<string, string | null>>[];
  /** How many of the first rows were looked at, and the first of those that are refused. */
  readonly looked: number;
  readonly refused: number;
  readonly refusals: readonly Refusal[];
}

const ROWS_SHOWN = 5;
const REFUSALS_SHOWN = 5;

/**
 * Looks at a file and reads its first rows, as far as they make up a batch, with the server's help.
 * @throws UsageError when the file cannot be read, or holds nothing.
 */
export async function previewFile(destination: Destination, asked: ImportOptions): Promise<Preview> {
  return withFile(asked.file, async (path) => {
    const detected = await detect(path, asked);
    const problems = [...detected.problems, ...detected.oddTimes];
    const choices = await withConnection(destination.connection, async (db) => {
      const found: PreviewChoice[] = [];
      for (const choice of choicesOf(detected)) found.push(await readChoice(db, path, choice, problems));
      return found;
    });
    const { options, encoding, delimiter, header } = detected;
    const isCsv = options.format === 'csv';
    return {
      file: asked.file,
      table: nameOf(asked.table),
      format: options.format,
      encoding,
      delimiter: isCsv ? delimiter : null,
      decimal: isCsv ? (options.decimal ?? '.') : null,
      header: isCsv ? header : null,
      zone: options.zone,
      choices,
      problems,
    };
  });
}

/** Reads the first rows in one way. Adds to the problems what keeps the file from being read. */
async function readChoice(
  db: Client,
  path: string,
  { options: asked, command }: Choice,
  problems: string[],
): Promise<PreviewChoice> {
  const nothing: PreviewChoice = {
    command,
    columns: {},
    timeFormats: {},
    ignored: [],
    rows: [],
    looked: 0,
    refused: 0,
    refusals: [],
  };
  try {
    const content = await openContent(path, asked);
    const { options } = content;
    const source = content.newSource();
    const session: Session = { db, options, source };
    const { bytes, line } = content;
    const { scanner, width } = source;
    const cuts = cutBatches({ bytes, line, scanner, width, file: options.file, onRecord: () => undefined });
    const { value: cut } = await cuts.next();
    await cuts.return(undefined);
    if (cut === undefined) problems.push(`${options.file} has no rows`);
    const { refused, looked, rows } = cut === undefined ? NO_ROWS : await readRows(session, cut);
    const [first] = refused;
    if (first !== undefined)
      problems.push(
        `${refused.length} of the first ${looked} rows are refused; line ${first.line}: ${first.reason}`,
      );
    const times = source.columns.filter(({ column: { type } }) => isTimeType(type));
    return {
      command,
      columns: Object.fromEntries(
        options.table.columnNames.map((name) => [name, filledBy(source.columns, name)]),
      ),
      timeFormats: Object.fromEntries(times.map(({ name }) => [name, formatOf(options, name)])),
      ignored: source.ignored(0).map(({ field }) => field),
      rows,
      looked,
      refused: refused.length,
      refusals: refused
        .slice(0, REFUSALS_SHOWN)
        .map(({ line: at, reason, original }) => ({ line: at, reason, original })),
    };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // What is missing was named already, and in more words.
    if (problems.length === 0) problems.push(error.message);
    return nothing;
  }
}

const NO_ROWS = { refused: [], looked: 0, rows: [] } as const;

/** The verdicts on the rows of a batch, and the first of those that would be stored. */
function readRows(session: Session, cut: Cut): Promise<Staged> {
  return withRollback(session.db, async () => {
    await prepareSession(session);
    const { rows, refused } = await stageRows(session, cut, () => true);
    return { refused, looked: rows.length + refused.length, rows: await firstRows(session) };
  });
}

interface Staged extends Pick<PreviewChoice, 'looked' | 'rows'> {
  readonly refused: readonly Refusal[];
}

function filledBy(columns: readonly FilledColumn[], name: string): string | null {
  const source = columns.find((filled) => filled.name === name)?.source;
  if (source === undefined) return null;
  if ('field' in source) return `field ${JSON.stringify(source.field)}`;
  if ('constant' in source) return `the value ${JSON.stringify(source.constant)}`;
  return source.melted === 'name' ? 'names of the melted fields' : 'values of the melted fields';
}

async function firstRows({ db, options, source }: Session): Promise<PreviewChoice['rows']> {
  const { table, shift } = options;
  const shown = source.columns.map(({ name, column: { type } }) => {
    const value = name === table.time ? `(${ident(name)} + $1::interval)` : `${ident(name)}`;
    const text =
      type === TIMESTAMPTZ
        ? `to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
        : `${value}::text`;
    return `${text} AS ${ident(name)}`;
  });
  const { rows } = await db.query<Record<string, string | null>>(
    `SELECT ${shown.join(', ')} FROM ${INCOMING} WHERE $1::text IS NOT NULL ORDER BY ${ident(PLACE)} LIMIT ${ROWS_SHOWN}`,
    [shift],
  );
  return rows;
}
