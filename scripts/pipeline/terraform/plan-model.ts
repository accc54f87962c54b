// A plan of Terraform as `terraform show -json` prints it, reduced to what people and the guard need.
import { fingerprintOf } from './fingerprint';
import {
  type ChangeKind,
  canonical,
  kindOf,
  type RawChange,
  type RawResource,
  readPlanJson,
} from './plan-json';

/** One resource of a plan. Values are left out: they may be secret. */
export interface ResourceChange {
  readonly address: string;
  /** The address before a move. */
  readonly movedFrom?: string;
  readonly type: string;
  readonly kind: ChangeKind;
  /** Names of the attributes that change; of a replacement those that force it. */
  readonly attributes: readonly string[];
}

/** A checked plan. */
export interface InfrastructurePlan {
  /** Without those that stay as they are. */
  readonly changes: readonly ResourceChange[];
  /** What was changed outside of Terraform since the last run. */
  readonly drift: readonly ResourceChange[];
  /** Names of outputs whose value changes. */
  readonly outputs: readonly string[];
  /** Plans with the same fingerprint do the same work to the same objects. */
  readonly fingerprint: string;
}

/**
 * Reads the JSON.
 * @throws UsageError when it is not a plan, the plan failed, or its format is not known.
 */
export function parsePlan(text: string): InfrastructurePlan {
  const plan = readPlanJson(text);
  const all = plan.resource_changes ?? [];
  const outputs = Object.entries(plan.output_changes ?? {}).filter(([, change]) => kindOf(change) !== 'none');
  return {
    changes: all.map(resourceChange).filter(({ kind, movedFrom }) => kind !== 'none' || movedFrom),
    drift: (plan.resource_drift ?? []).map(resourceChange).filter(({ kind }) => kind !== 'none'),
    outputs: outputs.map(([name]) => name).sort(),
    fingerprint: fingerprintOf(all, outputs),
  };
}

function resourceChange({ address, previous_address, type, change }: RawResource): ResourceChange {
  const kind = kindOf(change);
  return {
    address,
    ...(previous_address === undefined ? {} : { movedFrom: previous_address }),
    type,
    kind,
    attributes: kind === 'replace' ? forcing(change) : kind === 'update' ? changed(change) : [],
  };
}

const forcing = ({ replace_paths = [] }: RawChange): readonly string[] =>
  [...new Set(replace_paths.map((path) => path.join('.')))].sort();

function changed({ before, after, after_unknown }: RawChange): readonly string[] {
  const [old, planned, unknown] = [before, after, after_unknown].map(attributesOf) as [Bag, Bag, Bag];
  const names = new Set([...Object.keys(old), ...Object.keys(planned), ...Object.keys(unknown)]);
  return [...names]
    .filter((name) => hasTrue(unknown[name]) || canonical(old[name]) !== canonical(planned[name]))
    .sort();
}

type Bag = Readonly<Record<string, unknown>>;

const attributesOf = (value: unknown): Bag =>
  typeof value === 'object' && value !== null ? (value as Bag) : {};

// At any depth.
const hasTrue = (value: unknown): boolean =>
  value === true || (typeof value === 'object' && value !== null && Object.values(value).some(hasTrue));
