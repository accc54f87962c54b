// The checks of rollouts in the Terraform JSON of a stack.
import type { SynthesisedStack } from '../../infra/core/testing/synthesise';

export interface Check {
  /** Of the workload that it waits for. */
  readonly address: string;
  readonly seconds: number;
  readonly triggers: { readonly declared: string; readonly references: readonly string[] };
  readonly command: string;
}

interface Data {
  readonly depends_on: readonly string[];
  readonly lifecycle: { readonly replace_triggered_by: readonly [string] };
  readonly triggers_replace: Check['triggers'];
  readonly provisioner: readonly [
    { readonly 'local-exec': { readonly command: string; readonly environment: { TSDB_ROLLOUT: string } } },
  ];
}

/** By their own address. */
function allChecks({ resource }: SynthesisedStack): ReadonlyMap<string, Check> {
  const found = Object.entries(resource.terraform_data ?? {}).map(([name, attributes]) => {
    const { depends_on, lifecycle, triggers_replace: triggers, provisioner } = attributes as Data;
    const [address] = lifecycle.replace_triggered_by;
    // It does not pass before there is anything to wait for.
    expect(depends_on).toContain(address);
    const { command, environment } = provisioner[0]['local-exec'];
    const seconds = Number(/"seconds" = (\d+)/.exec(environment.TSDB_ROLLOUT)?.[1]);
    return [`terraform_data.${name}`, { address, seconds, triggers, command }] as const;
  });
  return new Map(found);
}

/** The checks of workloads of a type, sorted by the address of the workload. */
export const checksOf = (stack: SynthesisedStack, type: string): readonly Check[] =>
  [...allChecks(stack).values()]
    .filter(({ address }) => address.startsWith(`${type}.`))
    .sort((a, b) => (a.address < b.address ? -1 : 1));

/** The types of the workloads that are up before something begins that has these dependencies. */
export const checkedBefore = (stack: SynthesisedStack, dependsOn: readonly string[]): readonly string[] =>
  dependsOn.flatMap((dependency) => allChecks(stack).get(dependency)?.address.split('.')[0] ?? []);
