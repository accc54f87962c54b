// Turns a synthesised stack into Kubernetes manifests, in the order in which they are to be applied (pure).
import { messageOf, UsageError } from '../../db/core/errors';
import { KINDS } from './kinds';
import { resolver, type Variables } from './references';
import { withoutContent } from './secret-content';
import { convertBlock } from './shape-conversion';
import type { StackJson } from './stack-json';

/** One object of the Kubernetes API. */
export interface Manifest {
  /** Where it comes from, such as `kubernetes_service_v1.api_service_298EA376`. */
  readonly address: string;
  readonly object: ApiObject;
  /** Keys of a Secret, which is printed without them and their values. */
  readonly secretKeys: readonly string[];
}

export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Objects of kinds that an operator defines; they are given as they are. */
const FREE_FORM = 'kubernetes_manifest';

const SECRET = 'kubernetes_secret_v1';

/**
 * All resources of Kubernetes' provider; those of other providers make nothing in a cluster.
 * @throws UsageError that names the resource whose type, attribute or expression is not known.
 */
export function manifestsOf(stack: StackJson, variables: Variables = {}): readonly Manifest[] {
  const resolve = resolver(stack, variables);
  const types = Object.keys(stack.resource).filter((type) => type.startsWith('kubernetes_'));
  for (const type of types)
    if (KINDS[type] === undefined && type !== FREE_FORM)
      throw new UsageError(`${type} has no table in scripts/kubernetes/kinds.ts; add one for it`);
  // Objects of an operator come last: they need what the others make.
  return [...Object.keys(KINDS), FREE_FORM].flatMap((type) =>
    Object.entries(stack.resource[type] ?? {})
      .map(([name, attributes]) => convert(type, `${type}.${name}`, attributes as Attributes, resolve))
      .sort((a, b) => (a.object.metadata.name < b.object.metadata.name ? -1 : 1)),
  );
}

type Attributes = Readonly<Record<string, unknown>>;

function convert(
  type: string,
  address: string,
  attributes: Attributes,
  resolve: (value: unknown) => unknown,
): Manifest {
  const { attributes: open, secretKeys } =
    type === SECRET ? withoutContent(attributes) : { attributes, secretKeys: [] };
  try {
    const resolved = resolve(open) as Attributes;
    const object = type === FREE_FORM ? (resolved.manifest as ApiObject) : objectOf(type, resolved);
    return { address, object, secretKeys };
  } catch (error) {
    throw new UsageError(`${address}: ${messageOf(error)}`, { cause: error });
  }
}

function objectOf(type: string, attributes: Attributes): ApiObject {
  const known = KINDS[type];
  if (known === undefined) throw new Error('no table');
  const { apiVersion, kind, shape } = known;
  return { apiVersion, kind, ...convertBlock(attributes, shape) } as ApiObject;
}
