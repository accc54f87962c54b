// Kind: what is in our schemas although nobody declares it. It is listed, what still works on it is warned of, and pruning drops it.
import { type Desired, relationsOf } from '../../language/desired';
import { formatInterval } from '../../language/interval';
import { nameOf } from '../../language/names';
import { isUnmanaged } from '../../language/unmanaged';
import type { Kind } from '../../model';
import type { PolicyKind, PolicyState } from '../policy-state';
import { readDropFigures } from './figures';
import type { DropFigures, Evidence, UndeclaredDialect, UndeclaredJob, UndeclaredObject } from './model';
import { droppable, dropStep, obstacle, policyStep } from './prune';
import { readObjects, readSources } from './read';

interface UndeclaredState {
  readonly objects: readonly (UndeclaredObject & Evidence)[];
  readonly jobs: readonly UndeclaredJob[];
  /** Figures of what pruning drops, by name. */
  readonly figures: ReadonlyMap<string, DropFigures>;
}

/** Lists what is not declared. With `prune`, plans to drop what an apply has created. It comes last, after what still reads it. */
export function undeclared(
  dialect: UndeclaredDialect,
  { prune = false }: { readonly prune?: boolean },
): Kind<UndeclaredState> {
  return {
    name: 'undeclared',
    async read(db, desired) {
      const sources = await readSources(db, dialect);
      const objects = await readObjects(db, desired, sources);
      const found = sources.jobs ? await dialect.readJobs(db, desired) : [];
      return {
        objects,
        jobs: found.filter((job) => isOurs(desired, objects, job)),
        figures: prune ? await readDropFigures(db, dialect.engine, droppable(objects)) : new Map(),
      };
    },
    compare(_desired, { objects, jobs, figures }) {
      const candidates = droppable(objects);
      const dropped = prune ? candidates : [];
      const staying = objects.filter((object) => !dropped.includes(object));
      const policiesOf = (object: UndeclaredObject): readonly PolicyState[] =>
        jobs.flatMap(({ policy }) => (policy?.object === nameOf(object) ? [policy] : []));
      const ended = prune
        ? staying.flatMap((object) =>
            policiesOf(object).filter(({ kind }) => object.created && object.policies.includes(kind)),
          )
        : [];
      const gone = new Set(dropped.map(nameOf));
      const left = jobs.filter(
        ({ policy, object }) =>
          !(object !== null && gone.has(object)) && !(policy !== null && ended.includes(policy)),
      );
      return {
        steps: [
          ...ended.map((policy) => policyStep(dialect, policy)),
          ...dropped.map((object) =>
            dropStep(dialect, object, policiesOf(object), figures.get(nameOf(object))),
          ),
        ],
        undeclared: [
          ...staying.map((object) => listed(object, new Set(candidates.map(nameOf)))),
          ...left.map(listedJob),
        ],
        warnings: left.flatMap((job) =>
          warning(
            job,
            objects.find((object) => nameOf(object) === job.object),
          ),
        ),
      };
    },
  };
}

// A job belongs to its table. A job without one belongs to the schema of its procedure.
function isOurs(
  desired: Desired,
  objects: readonly UndeclaredObject[],
  { object, procedure }: UndeclaredJob,
): boolean {
  if (isUnmanaged(desired, procedure)) return false;
  if (object === null) return desired.schemas.includes(procedure.slice(0, procedure.indexOf('.')));
  return (
    objects.some((one) => nameOf(one) === object) ||
    relationsOf(desired).some((one) => nameOf(one) === object)
  );
}

function listed(object: UndeclaredObject & Evidence, droppableNames: ReadonlySet<string>): string {
  const what = `${object.kind} ${nameOf(object)}`;
  if (!object.created) return what;
  return droppableNames.has(nameOf(object))
    ? `${what}, created by an apply: --prune drops it`
    : `${what}, created by an apply: --prune leaves it, because ${obstacle(object, droppableNames)}`;
}

const listedJob = ({ id, procedure, object, policy }: UndeclaredJob): string =>
  `job ${id} (${policy === null ? procedure : policy.kind}${object === null ? '' : ` of ${object}`}${policy?.paused ? ', paused' : ''})`;

// The other policies neither delete rows nor compute anything. A job on a declared object is not a declared kind of job.
function warning(
  { id, policy }: UndeclaredJob,
  object: (UndeclaredObject & Evidence) | undefined,
): readonly string[] {
  if (policy === null || policy.paused || object === undefined) return [];
  const name = nameOf(object);
  const after = policy.times.after === undefined ? '' : ` older than ${formatInterval(policy.times.after)}`;
  const work: Readonly<Partial<Record<PolicyKind, string>>> = {
    refresh: 'refreshing it',
    retention: `deleting rows${after}`,
  };
  if (work[policy.kind] === undefined) return [];
  const [since, wayOut] = object.managed
    ? [' any more', 'declare it again, drop it with --prune, or remove the job']
    : ['', 'declare it, or name it as unmanaged'];
  return [`${name} is not declared${since}, but job ${id} goes on ${work[policy.kind]}; ${wayOut}`];
}
