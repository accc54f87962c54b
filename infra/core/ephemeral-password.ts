// A password that Terraform makes while it applies: in no plan and in no state.
import { TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { RANDOM_PROVIDER } from './pins';

/**
 * Draws 40 letters and digits on each run; gives the reference to them, which only a write-only attribute may hold.
 * @param name unique in the stack
 */
export function ephemeralPassword(scope: Construct, name: string): string {
  // cdktf generates no classes for ephemeral resources; this is the same thing spelled out.
  const stack = TerraformStack.of(scope);
  stack.addOverride('terraform.required_providers.random', RANDOM_PROVIDER);
  stack.addOverride(`ephemeral.random_password.${name}`, { length: 40, special: false });
  return `\${ephemeral.random_password.${name}.result}`;
}
