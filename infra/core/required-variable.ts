// A value that one stack cannot do without, asked for as late as possible.
import { TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';

export interface RequiredVariableProps {
  readonly description: string;
  /** From the settings; may be empty. `TF_VAR_<id>` still wins over it. */
  readonly value: string;
  /** Regular expression in Terraform's dialect, without quotes and backslashes. */
  readonly pattern: string;
  /** Whole sentence that starts upper-case and ends with a full stop: Terraform insists. */
  readonly errorMessage: string;
}

/**
 * A Terraform variable with a default, so that nothing is ever prompted for, and a validation that refuses the
 * empty default. A check at synth would be wrong: every command synthesises all stacks, so a value that only
 * `azure` needs would stop the deployment of `kubernetes`.
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
  // The plain id, whatever construct asks: operators type it as TF_VAR_<id>.
  variable.overrideLogicalId(id);
  variable.addValidation({
    condition: `\${can(regex("${props.pattern}", var.${id}))}`,
    errorMessage: props.errorMessage,
  });
  return variable;
}
