// Values that only one stack needs, as variables of Terraform that are checked as late as possible.
import { TerraformVariable, type TerraformVariableConfig } from 'cdktf';
import type { Construct } from 'constructs';
import type { DeployConfig } from './config';

export interface RequiredVariableProps {
  readonly description: string;
  /** From the settings; may be empty. `TF_VAR_<id>` overrides it. */
  readonly value: string;
  /** Regular expression in Terraform's syntax, without quotes or backslashes. */
  readonly pattern: string;
  /** Terraform requires a whole sentence that starts with a capital letter and ends with a full stop. */
  readonly errorMessage: string;
}

/** @returns a reference to a value that is never empty: without one, the plan of this stack fails, but of no other stack. */
export function requiredVariable(scope: Construct, id: string, props: RequiredVariableProps): string {
  const { description, value, pattern, errorMessage } = props;
  return addVariable(scope, id, {
    type: 'string',
    default: value,
    description,
    validation: [{ condition: `\${can(regex("${pattern}", var.${id}))}`, errorMessage }],
  }).stringValue;
}

export interface DeployerNetworksProps {
  readonly config: DeployConfig;
  readonly description: string;
  /** Message of a plan without networks. Left out where no network is needed. */
  readonly missing?: string;
  /** A prefix length that is refused, such as `/31`, and the message that says so. */
  readonly refuses: { readonly suffix: string; readonly message: string };
}

/**
 * The networks that people and pipelines deploy from, for stacks that let nobody else in.
 * @returns the list, as it is written in expressions
 */
export function deployerNetworks(scope: Construct, props: DeployerNetworksProps): string {
  const { config, description, missing, refuses } = props;
  const list = 'var.deployer_cidrs';
  const isNetwork = `can(cidrhost(network, 0)) && !endswith(network, "${refuses.suffix}")`;
  addVariable(scope, 'deployer_cidrs', {
    type: 'list(string)',
    default: [...config.azure.deployerCidrs],
    description,
    validation: [
      ...(missing === undefined ? [] : [{ condition: `\${length(${list}) > 0}`, errorMessage: missing }]),
      {
        condition: `\${alltrue([for network in ${list} : ${isNetwork}])}`,
        errorMessage: refuses.message,
      },
    ],
  });
  return list;
}

// It has a default, so that Terraform never prompts. Synthesis must not check the value: every command synthesises all
// stacks, so a missing value that only `azure` needs would stop a deployment of `kubernetes`.
function addVariable(scope: Construct, id: string, config: TerraformVariableConfig): TerraformVariable {
  const variable = new TerraformVariable(scope, id, { ...config, nullable: false });
  // Exactly the id, without a prefix of the construct, because operators type it as TF_VAR_<id>.
  variable.overrideLogicalId(id);
  return variable;
}
