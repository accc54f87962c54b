// Which declared relations can answer a question exactly: the hypertable always, an aggregate when it carries enough.
import type { ContinuousAggregate, Relation } from '../../../db/language/aggregate';
import type { Expression } from '../../../db/language/expressions';
import { approximateMicroseconds, type Interval, parseDuration } from '../../../db/language/interval';
import type { SeriesTable } from '../../database/tables';
import { before, isWholeMultiple } from '../calendar';
import { columnOf, countOf, type Figure, figureKey } from '../request/figures';
import { isRealTime, type Meaning, meaningOf } from './meaning';

/** What is asked for, without the range and the width of its buckets. */
export interface Question {
  readonly table: SeriesTable;
  readonly figures: readonly Figure[];
  /** Columns that tell series apart. */
  readonly by: readonly string[];
  /** Columns that conditions look at. */
  readonly filtered: readonly string[];
  /** Columns that conditions leave one value of. */
  readonly bound: readonly string[];
}

/** A relation with what to compute from its rows, one expression per figure. */
export interface Source {
  readonly relation: Relation;
  readonly expressions: readonly Expression[];
}

/** The sources that answer exactly in buckets of the width, cheapest first; the hypertable is the last. */
export function exactSources(question: Question, width: Interval): readonly Source[] {
  const { hypertable, aggregates } = question.table;
  const derived = aggregates
    .map((aggregate) => derive(question, width, aggregate))
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

function derive(question: Question, width: Interval, relation: ContinuousAggregate): Derived | undefined {
  const own = parseDuration(relation.bucket);
  const meaning = meaningOf(relation);
  const columns = [...question.by, ...question.filtered];
  // An aggregate that is not real-time lacks its newest buckets.
  if (!isRealTime(relation) || !isWholeMultiple(width, own)) return undefined;
  if (!columns.every((column) => meaning.keys.includes(column))) return undefined;
  const singled = singlesOut(question, meaning);
  const scope = { question, meaning, singled, sameWidth: isWholeMultiple(own, width) };
  const expressions = question.figures.map((figure) => expressionFor(figure, scope));
  return expressions.every((expression) => expression !== undefined) ? { relation, expressions } : undefined;
}

interface Scope {
  readonly question: Question;
  readonly meaning: Meaning;
  /** Whether every row of a bucket is another series of the answer. */
  readonly singled: boolean;
  readonly sameWidth: boolean;
}

/** How to get the figure from the rows of an aggregate, if at all. */
function expressionFor(
  figure: Figure,
  { question, meaning, singled, sameWidth }: Scope,
): Expression | undefined {
  const { hypertable } = question.table;
  const column = carrier(meaning, figure);
  if (figure.kind === 'count-rows') return column === undefined ? undefined : { kind: 'total', column };
  if (figure.kind === 'first-or-last')
    return column !== undefined && singled ? { ...figure, column, by: 'bucket' } : undefined;
  // One row is the whole answer: the least of its one value is that value.
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
      // The sum of whole numbers is a bigint, and so shall be the sum of such sums.
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
