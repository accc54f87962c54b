// Finds the declared relations that can answer a question exactly: always the hypertable, and each aggregate that has enough columns.
import type { ContinuousAggregate, Relation } from '../../../db/language/aggregate';
import type { Expression } from '../../../db/language/expressions';
import { approximateMicroseconds, parseDuration } from '../../../db/language/interval';
import type { SeriesTable } from '../../database/tables';
import { areMadeOf, areSingle, type Buckets } from '../buckets';
import { before } from '../calendar';
import { type Computation, columnOf, countOf, type Figure, figureKey } from '../request/figures';
import type { Zone } from '../zones/zones';
import { isRealTime, type Meaning, meaningOf } from './meaning';

/** What a client asks for, without the range and the width of the buckets. */
export interface Question {
  readonly table: SeriesTable;
  readonly figures: readonly Figure[];
  /** Columns that tell series apart. */
  readonly by: readonly string[];
  /** Columns with conditions. */
  readonly filtered: readonly string[];
  /** Columns that have only one value under the conditions. */
  readonly bound: readonly string[];
  /** `raw`: only the rows themselves may answer. */
  readonly source?: 'auto' | 'raw' | undefined;
  /** The zone whose clocks the buckets follow; absent = UTC. */
  readonly zone?: Zone | undefined;
}

/** A relation, and one expression per figure that computes the figure from its rows. */
export interface Source {
  readonly relation: Relation;
  readonly expressions: readonly Computation[];
}

/** The sources that give exact values in these buckets, cheapest first; the hypertable is the last. */
export function exactSources(question: Question, buckets: Buckets): readonly Source[] {
  const { hypertable, aggregates } = question.table;
  const allowed = question.source === 'raw' ? [] : aggregates;
  const derived = allowed
    .map((aggregate) => derive(question, buckets, aggregate))
    .filter((source) => source !== undefined)
    .sort((a, b) => coarseness(b.relation) - coarseness(a.relation) || keyCount(a) - keyCount(b));
  return [...derived, { relation: hypertable, expressions: question.figures }];
}

/** Time before which the relation has dropped rows; undefined = it keeps them for ever. */
export function droppedBefore({ retention }: Relation, now: bigint): bigint | undefined {
  return retention === undefined ? undefined : before(now, parseDuration(retention));
}

interface Derived extends Source {
  readonly relation: ContinuousAggregate;
}

function derive(question: Question, buckets: Buckets, relation: ContinuousAggregate): Derived | undefined {
  const own = parseDuration(relation.bucket);
  const meaning = meaningOf(relation);
  const columns = [...question.by, ...question.filtered];
  // An aggregate that is not real-time does not show its newest buckets.
  if (!isRealTime(relation) || !areMadeOf(buckets, own)) return undefined;
  if (!columns.every((column) => meaning.keys.includes(column))) return undefined;
  const singled = singlesOut(question, meaning);
  const scope = { question, meaning, singled, sameWidth: areSingle(buckets, own) };
  const expressions = question.figures.map((figure) => expressionFor(figure, scope));
  return expressions.every((expression) => expression !== undefined) ? { relation, expressions } : undefined;
}

interface Scope {
  readonly question: Question;
  readonly meaning: Meaning;
  /** Whether every row of a bucket belongs to a different series of the answer. */
  readonly singled: boolean;
  readonly sameWidth: boolean;
}

/** The expression that computes the figure from the rows of an aggregate; undefined when there is none. */
function expressionFor(
  figure: Figure,
  { question, meaning, singled, sameWidth }: Scope,
): Expression | undefined {
  const { hypertable } = question.table;
  const column = carrier(meaning, figure);
  if (figure.kind === 'count-rows') return column === undefined ? undefined : { kind: 'total', column };
  if (figure.kind === 'first-or-last')
    return column !== undefined && singled ? { ...figure, column, by: 'bucket' } : undefined;
  // The bucket has a single row, so the minimum of the column is its value.
  if (column !== undefined && singled && sameWidth) return { kind: 'aggregate', fn: 'min', column };
  if (figure.kind !== 'aggregate') return undefined;
  switch (figure.fn) {
    case 'min':
    case 'max':
      return column === undefined ? undefined : { kind: 'aggregate', fn: figure.fn, column };
    case 'count':
      return column === undefined ? undefined : { kind: 'total', column };
    case 'sum':
      if (column === undefined) return undefined;
      // The sum of small integers is a bigint, and the sum of these sums must also be a bigint.
      return isSmallInteger(columnOf(hypertable, figure.column)?.type)
        ? { kind: 'total', column }
        : { kind: 'aggregate', fn: 'sum', column };
    case 'avg': {
      const numerator = carrier(meaning, { kind: 'aggregate', fn: 'sum', column: figure.column });
      const denominator = carrier(meaning, countOf(hypertable, figure.column));
      return numerator === undefined || denominator === undefined
        ? undefined
        : { kind: 'ratio-of-sums', numerator, denominator };
    }
    default:
      return undefined;
  }
}

/** The column of an aggregate that means the figure. */
function carrier({ figures }: Meaning, figure: Figure): string | undefined {
  const key = figureKey(figure);
  for (const [column, carried] of figures) if (figureKey(carried) === key) return column;
  return undefined;
}

const singlesOut = ({ by, bound }: Question, { keys, hasOtherKeys }: Meaning): boolean =>
  !hasOtherKeys && keys.every((key) => by.includes(key) || bound.includes(key));

const isSmallInteger = (type: string | undefined): boolean => type === 'smallint' || type === 'integer';

const coarseness = ({ bucket }: ContinuousAggregate): number =>
  approximateMicroseconds(parseDuration(bucket));

const keyCount = ({ relation }: Derived): number => relation.groupBy.length;
