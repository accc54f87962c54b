// Remembers how the server prints declared things, so that a plan lets it print only what changed.
import { createHash } from 'node:crypto';
import type { Db, SpellingRequest, Spellings } from '../model';
import { withTransaction } from './connection';
import { readSurroundings, type Surroundings } from './surroundings';

interface Row {
  readonly kind: string;
  readonly relation: string;
  /** Digest of the declared text. */
  readonly declared: string;
  /** Digest of everything else that the spelling depends on. */
  readonly conditions: string;
  readonly spelling: string;
  /** Digest of all other fields. */
  readonly checksum: string;
}

/** The memory during one plan. */
export interface SpellingMemory extends Spellings {
  /** The objects whose spellings this plan asks for. */
  readonly relations: readonly string[];
  /** Keys of the rows that this plan has used or would write. */
  readonly used: ReadonlySet<string>;
  /** What the server printed in this plan and what is in the database exactly so, with its request. */
  readonly learned: readonly { readonly row: Row; readonly reads: readonly string[] }[];
}

/**
 * Opens the memory for one plan; three statements, and one where there is no memory or this login may not read it. Then
 * everything is printed, as if nothing were remembered.
 *
 * Why the memory cannot hide a difference. A remembered spelling is never compared with another remembered text: it is compared
 * with the definition that this plan has just read from the catalog. If the two differ, the memory is ignored and the server
 * prints the declaration again, so a wrong row costs time and reports nothing. If they are equal, the object in the database
 * reads letter by letter as when an apply last found it as declared, because only then a row is written (`rememberSpellings`).
 * An object that was changed since then has another definition.
 *
 * What remains is an object that did not change although the same declared text now means something else. Therefore a row only
 * counts under the conditions under which it was printed: the version of the server and of its extensions, the settings of the
 * session that affect how SQL is read and printed, all functions, operators, casts and types that a text could use and that do
 * not belong to PostgreSQL itself, and the columns of the relations that the text reads. The checksum covers all fields, so a
 * row that was edited does not count either. It is no protection against somebody who may write the table and computes the
 * checksum again; such a person may change the objects themselves.
 *
 * @param relations names of the declared objects, `schema.name`.
 */
export async function openSpellings(db: Db, relations: readonly string[]): Promise<SpellingMemory> {
  const surroundings = await readSurroundings(db, relations);
  const rows = surroundings === undefined ? [] : await readRows(db, relations);
  const known = new Map(rows.filter(isIntact).map((row) => [keyOf(row), row]));
  const used = new Set<string>();
  const learned: { readonly row: Row; readonly reads: readonly string[] }[] = [];
  const recall = (request: SpellingRequest): string | undefined => {
    if (surroundings === undefined) return undefined;
    const row = known.get(keyOf(identify(request)));
    if (row?.conditions !== conditionsOf(surroundings, request.reads) || !request.confirms(row.spelling))
      return undefined;
    used.add(keyOf(row));
    return row.spelling;
  };
  const learn = (request: SpellingRequest, spelling: string): void => {
    if (surroundings === undefined || !request.confirms(spelling)) return;
    const row = sealed({
      ...identify(request),
      conditions: conditionsOf(surroundings, request.reads),
      spelling,
    });
    used.add(keyOf(row));
    learned.push({ row, reads: request.reads });
  };
  return {
    relations,
    used,
    learned,
    async of(requests, print) {
      const spellings = new Map<(typeof requests)[number], string | null>();
      for (const request of requests) {
        const spelling = recall(request);
        if (spelling !== undefined) spellings.set(request, spelling);
      }
      const unknown = requests.filter((request) => !spellings.has(request));
      const printed = unknown.length > 0 ? await print(unknown) : [];
      unknown.forEach((request, at) => {
        const spelling = printed[at] ?? null;
        spellings.set(request, spelling);
        if (spelling !== null) learn(request, spelling);
      });
      return spellings;
    },
  };
}

/**
 * Writes down what the server printed in a plan that found nothing to do, and forgets the rows of the same objects that the
 * plan did not use. Conditions that changed since the plan began leave no row, because nobody knows whether the server printed
 * before or after the change.
 */
export async function rememberSpellings(db: Db, memory: SpellingMemory): Promise<void> {
  const { relations, used, learned } = memory;
  if (learned.length === 0) return;
  await withTransaction(db, async () => {
    const surroundings = await readSurroundings(db, relations);
    if (surroundings?.writable !== true) return;
    const rows = learned.filter(({ row, reads }) => row.conditions === conditionsOf(surroundings, reads));
    await db.query(
      `DELETE FROM tsdb.spelling WHERE relation = ANY ($1) AND NOT concat_ws(' ', kind, relation, declared) = ANY ($2)`,
      [[...relations, ''], [...used]],
    );
    await db.query(
      `INSERT INTO tsdb.spelling (kind, relation, declared, conditions, spelling, checksum)
       SELECT r.* FROM jsonb_to_recordset($1::jsonb) r (kind text, relation text, declared text, conditions text, spelling text, checksum text)
       ON CONFLICT (kind, relation, declared) DO UPDATE
         SET (conditions, spelling, checksum, printed_at) = (excluded.conditions, excluded.spelling, excluded.checksum, excluded.printed_at)`,
      [JSON.stringify(rows.map(({ row }) => row))],
    );
  });
}

async function readRows(db: Db, relations: readonly string[]): Promise<readonly Row[]> {
  const { rows } = await db.query<Row>(
    `SELECT kind, relation, declared, conditions, spelling, checksum FROM tsdb.spelling WHERE relation = ANY ($1)`,
    [[...relations, '']],
  );
  return rows;
}

const digest = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

const identify = ({
  kind,
  relation,
  text,
}: SpellingRequest): Pick<Row, 'kind' | 'relation' | 'declared'> => ({
  kind,
  relation,
  declared: digest(text),
});

const keyOf = ({ kind, relation, declared }: Pick<Row, 'kind' | 'relation' | 'declared'>): string =>
  `${kind} ${relation} ${declared}`;

const conditionsOf = ({ everywhere, columns }: Surroundings, reads: readonly string[]): string =>
  digest(everywhere, ...reads.map((name) => `${name} ${columns.get(name) ?? 'absent'}`));

/** A row with its checksum. */
export function sealed(row: Omit<Row, 'checksum'>): Row {
  const { kind, relation, declared, conditions, spelling } = row;
  return { ...row, checksum: digest(kind, relation, declared, conditions, spelling) };
}

const isIntact = (row: Row): boolean => sealed(row).checksum === row.checksum;
