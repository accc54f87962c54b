// Waits for workloads with a check of this repository, not with Terraform's provider. A workload that the provider gives up
// waiting for counts as broken for Terraform: it would be destroyed and made again, and since version 1.12 not even that works.
// A check that fails leaves the workload as it is, and fails again at every later deployment until the workload is up.
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { DeploymentV1 } from '@cdktf/provider-kubernetes/lib/deployment-v1';
import {
  App,
  DefaultTokenResolver,
  dependable,
  Fn,
  Lazy,
  StringConcat,
  TerraformOutput,
  TerraformResource,
  TerraformStack,
  Tokenization,
} from 'cdktf';
import { clusterAddress } from './cluster-provider';
import type { Place } from './metadata';

export interface RolloutProps {
  /** One of those that `scripts/rollout/request.ts` knows. */
  readonly kind:
    | 'StatefulSet'
    | 'Deployment'
    | 'Job'
    | 'Cluster'
    | 'Pooler'
    | 'SGShardedCluster'
    | 'Kafka'
    | 'KafkaTopic'
    | 'KafkaUser';
  readonly name: string;
  readonly namespace: string;
  /** The declaration of the workload: when it changes, there is a rollout to wait for. It may hold references, and no secret. */
  readonly declared: unknown;
  /** Longer than the limits of its own pods. */
  readonly minutes: number;
}

/**
 * The check of one workload, which all later parts depend on. It stands beside the workload. It is a resource of Terraform
 * itself: when its command fails, only this resource counts as broken, and the next deployment makes it again. cdktf has a
 * class for this type, but each synthesis would then run Terraform to learn its version.
 */
export class RolloutCheck extends TerraformResource {
  private readonly triggers: Readonly<Record<string, unknown>>;
  readonly target: Readonly<Record<string, unknown>>;

  constructor(workload: TerraformResource, id: string, props: RolloutProps) {
    const { kind, name, namespace, declared, minutes } = props;
    const stack = TerraformStack.of(workload);
    const target = { kind, name, seconds: minutes * 60 };
    super(workload.node.scope ?? stack, id, {
      terraformResourceType: 'terraform_data',
      dependsOn: [workload],
      // Also when somebody has changed the workload, and this deployment changes it back.
      lifecycle: { replaceTriggeredBy: [dependable(workload)] },
      provisioners: [
        {
          type: 'local-exec',
          command: Lazy.stringValue({ produce: () => commandIn(stack) }),
          environment: { TSDB_ROLLOUT: requestOf({ namespace, targets: [target], ...openAddress(stack) }) },
        },
      ],
    });
    this.triggers = triggersOf(stack, { declared, ...idOf(workload) });
    this.target = target;
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { triggers_replace: this.triggers };
  }
}

/** Tells the stages of a deployment what to look at, once it is deployed. */
export function addRolloutOutput(
  stack: TerraformStack,
  namespace: string,
  checks: readonly RolloutCheck[],
): void {
  new TerraformOutput(stack, 'rollout', {
    value: requestOf({ namespace, targets: checks.map(({ target }) => target) }),
    description: 'What "npm run pipeline:rollout" looks at',
  });
}

// A text, because Terraform passes nothing else to programs.
const requestOf = (request: RolloutRequest): string => Fn.jsonencode(request);

interface RolloutRequest {
  readonly namespace: string;
  readonly targets: readonly object[];
  readonly cluster?: { readonly host: string; readonly certificate: string } | undefined;
}

// It is no secret, but Azure's data source counts all of the access as one, and Terraform would show nothing of the check.
function openAddress(stack: TerraformStack): Pick<RolloutRequest, 'cluster'> {
  const address = clusterAddress(stack);
  if (address === undefined) return {};
  const { host, certificate } = address;
  return { cluster: { host: Fn.nonsensitive(host), certificate: Fn.nonsensitive(certificate) } };
}

// It is known before the deployment unless the workload is made anew, also under the same name. The provider has no id for
// objects of the operator.
const idOf = (workload: TerraformResource) =>
  workload.terraformResourceType === 'kubernetes_manifest' ? {} : { id: workload.getStringAttribute('id') };

const RESOLVER = new DefaultTokenResolver(new StringConcat());

/**
 * The same for the same declaration. What only Terraform knows, such as the image or the identity of a Secret, is taken as it
 * is, and everything else as a hash: values would be shown in each plan.
 */
function triggersOf(stack: TerraformStack, declared: unknown): Readonly<Record<string, unknown>> {
  const text = JSON.stringify(
    Tokenization.resolve(declared, { scope: stack, resolver: RESOLVER, preparing: false }),
  );
  const found = text.match(/(?<!\$)\$\{[^}]+\}/g) ?? [];
  // The names of objects are declared.
  const references = [...new Set(found)].filter((reference) => !/\.name\}$/.test(reference)).sort();
  return { declared: createHash('sha256').update(text).digest('hex'), references };
}

/** Relative to the folder in which Terraform runs, so that neither JSON nor state has a path of this machine. */
function commandIn(stack: TerraformStack): string {
  const { outdir, manifest } = App.of(stack);
  // Before the stack is written, there is no entry yet, and nobody reads the command.
  const folder = join(realpathSync(outdir), manifest.stacks[stack.node.id]?.workingDirectory ?? '');
  const root = relative(folder, realpathSync(join(__dirname, '..'))).replaceAll(sep, '/');
  return `node --require "${root}/scripts/start/register.cjs" "${root}/scripts/rollout/check.ts"`;
}

/** The check of a Deployment. */
export const deploymentRollout = (
  deployment: DeploymentV1,
  { namespace }: Pick<Place, 'namespace'>,
  minutes: number,
): RolloutCheck =>
  new RolloutCheck(deployment, 'rollout', {
    ...{ kind: 'Deployment', name: deployment.metadata.name, namespace },
    ...{ declared: deployment.specInput, minutes },
  });
