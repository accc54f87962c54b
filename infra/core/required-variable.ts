// A value that one stack needs, checked as late as possible.
import { TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';

export interface RequiredVariableProps {
  readonly description: string;
  /** From the settings; may be empty. `TF_VAR_<id>` overrides it. */
  readonly value: string;
  /** Regular expression in Terraform's syntax, without quotes or backslashes. */
  readonly pattern: string;
  /** Terraform requires a whole sentence that starts with a capital letter and ends with a full stop. */
  readonly errorMessage: string;
}

/**
 * A Terraform variable with a default, so that Terraform never prompts, and with a validation that refuses an empty
 * value. Synthesis must not check the value: every command synthesises all stacks, so a missing value that only `azure`
 * needs would stop a deployment of `kubernetes`.
 */
export function requiredVariable(
  scope: Construct,
  id: string,
  props: RequiredVariableProps,
): TerraformVariable {
  const variable = new TerraformVariable(scope, id, {
    type: 'string',
    nullable: false,
    default: props.value,
    description: props.description,
  });
  // Exactly the id, without a prefix of the construct, because operators type it as TF_VAR_<id>.
  variable.overrideLogicalId(id);
  variable.addValidation({
    condition: `\${can(regex("${props.pattern}", var.${id}))}`,
    errorMessage: props.errorMessage,
  });
  return variable;
}
