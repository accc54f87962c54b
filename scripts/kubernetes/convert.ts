// Turns a synthesised stack into Kubernetes manifests, in the order in which they are to be applied (pure).
import { messageOf, UsageError } from '../../db/core/errors';
import { convertBlock } from './convert-block';
import { KINDS, TERRAFORM_ONLY } from './kinds';
import { withoutLiveFields } from './live-fields';
import { resolver, type Variables } from './references';
import { withoutContent } from './secret-content';
import type { StackJson } from './stack-json';

/** One object of the Kubernetes API. */
export interface Manifest {
  /** Where it comes from, such as `kubernetes_service_v1.api_service_298EA376`. */
  readonly address: string;
  readonly object: ApiObject;
  /** Keys of a Secret that were left out of the object, together with their values. */
  readonly secretKeys: readonly string[];
}

export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** An object of a kind that an operator defines. The stack holds it as the API wants it. */
const FREE_FORM = 'kubernetes_manifest';

const SECRET = 'kubernetes_secret_v1';

/**
 * One manifest for each resource of Terraform's Kubernetes provider. Other providers make nothing in a cluster.
 * @throws UsageError that names the resource whose type, attribute or expression is not known.
 */
export function manifestsOf(stack: StackJson, variables: Variables = {}): readonly Manifest[] {
  const resolve = resolver(stack, variables);
  const types = Object.keys(stack.resource).filter((type) => type.startsWith('kubernetes_'));
  for (const type of types)
    if (KINDS[type] === undefined && type !== FREE_FORM)
      throw new UsageError(
        `${type} is not known as a kind of Kubernetes; add it to scripts/kubernetes/kinds.ts`,
      );
  // Objects of an operator come last, as they need what the others make.
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
    const resolved = withoutLiveFields(resolve(open) as Attributes);
    const object = type === FREE_FORM ? (resolved.manifest as ApiObject) : objectOf(type, resolved);
    return { address, object, secretKeys };
  } catch (error) {
    throw new UsageError(`${address}: ${messageOf(error)}`, { cause: error });
  }
}

function objectOf(type: string, attributes: Attributes): ApiObject {
  const known = Object.entries(attributes).filter(([name]) => !TERRAFORM_ONLY.includes(name));
  return { ...KINDS[type], ...convertBlock(Object.fromEntries(known)) } as ApiObject;
}
