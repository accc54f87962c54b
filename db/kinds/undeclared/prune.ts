// Plans what `--prune` drops: objects that an apply has created, that nobody declares any more, and that nobody else needs.
import { counted, shortBytes, wordFor } from '../../core/quantities';
import { nameOf } from '../../language/names';
import type { Step } from '../../model';
import { describe, type PolicyState } from '../policy-state';
import type { DropFigures, Evidence, UndeclaredDialect, UndeclaredObject } from './model';

type Candidate = UndeclaredObject & Evidence;

/** Objects that may be dropped, each before the objects that it reads. */
export function droppable(objects: readonly Candidate[]): readonly Candidate[] {
  const left = new Map(objects.filter(isOwn).map((object) => [nameOf(object), object]));
  // An object stays if somebody reads it who stays.
  for (let before = -1; before !== left.size; ) {
    before = left.size;
    for (const [name, { readers }] of left)
      if (readers.some((reader) => !left.has(reader))) left.delete(name);
  }
  const ordered: Candidate[] = [];
  for (let next = free(left, ordered); next.length > 0; next = free(left, ordered)) ordered.push(...next);
  return ordered;
}

const isOwn = ({ created, strangers }: Candidate): boolean => created && strangers.length === 0;

// Objects whose readers are all gone. Tables that refer to each other in a circle never become free.
function free(left: ReadonlyMap<string, Candidate>, gone: readonly Candidate[]): readonly Candidate[] {
  const names = new Set(gone.map(nameOf));
  return [...left.values()].filter(
    (object) => !names.has(nameOf(object)) && object.readers.every((reader) => names.has(reader)),
  );
}

/**
 * Why an object that an apply has created is not dropped.
 * @param dropped names of the objects that are.
 */
export function obstacle({ strangers, readers }: Candidate, dropped: ReadonlySet<string>): string {
  if (strangers.length > 0)
    return `it has ${wordFor(strangers.length, 'a column', 'columns')} of others: ${strangers.join(', ')}`;
  const staying = readers.filter((reader) => !dropped.has(reader));
  return `${staying.join(', ')} ${wordFor(staying.length, 'needs', 'need')} it`;
}

/** The step that drops an object with its policies. */
export function dropStep(
  dialect: UndeclaredDialect,
  object: UndeclaredObject,
  policies: readonly PolicyState[],
  figures: DropFigures | undefined,
): Step {
  const name = nameOf(object);
  const attached = policies.map((policy) => `${describe(policy)} (job ${policy.id})`);
  return {
    id: `prune:${name}`,
    object: name,
    action: 'drop',
    summary: `${object.kind} that is not declared any more${attached.length > 0 ? `, with its ${attached.join(', ')}` : ''}`,
    sql: dialect.drop(object),
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${[name, ...(object.source === null ? [] : [object.source])].join(' and ')}, for an instant`,
    hazards: [
      {
        name: 'drops-object',
        reason: `deletes ${object.kind} ${name}${figures === undefined ? '' : ` with ${describeFigures(figures)}`}; only a backup brings it back`,
      },
    ],
    ...(figures === undefined
      ? {}
      : { impact: { chunks: figures.chunks, rows: figures.rows, bytes: figures.bytes } }),
  };
}

function describeFigures({ exact, rows, buckets, chunks, bytes }: DropFigures): string {
  return [
    `${exact ? '' : 'about '}${counted(rows, 'row')}${buckets === undefined ? '' : ` in ${counted(buckets, 'bucket')}`}`,
    ...(chunks > 0 ? [counted(chunks, 'chunk')] : []),
    shortBytes(bytes),
  ].join(', ');
}

/** The step that ends a policy which an apply has added to an object that stays. */
export function policyStep(dialect: UndeclaredDialect, policy: PolicyState): Step {
  return {
    id: `remove-policy:${policy.object}:${policy.kind}:${policy.id}`,
    object: policy.object,
    action: 'drop',
    summary: `${describe(policy)} of an object that is not declared any more (job ${policy.id})`,
    sql: dialect.removePolicy(policy),
    transactional: true,
    lock: 'none',
    hazards:
      policy.kind === 'refresh'
        ? [{ name: 'drops-object', reason: `${policy.object} is not refreshed any more` }]
        : [],
  };
}
