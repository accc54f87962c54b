// A password that Terraform generates while it applies, and keeps in neither plan nor state.
import { TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { RANDOM_PROVIDER } from './pins';

/**
 * Generates 40 letters and digits on each run. Returns a reference to them, which only write-only attributes accept.
 * @param name unique in the stack
 */
export function ephemeralPassword(scope: Construct, name: string): string {
  // cdktf generates no classes for ephemeral resources, so this writes the JSON of one.
  const stack = TerraformStack.of(scope);
  stack.addOverride('terraform.required_providers.random', RANDOM_PROVIDER);
  stack.addOverride(`ephemeral.random_password.${name}`, { length: 40, special: false });
  return `\${ephemeral.random_password.${name}.result}`;
}
