// Synthesises the azure stack alone, with a bundle that only looks like one.
import { readConfig } from '../../core/config';
import { AZURE_PARTS } from '../../core/settings/azure';
import type { Attributes } from '../../core/testing/policy';
import { onlyResource, type SynthesisedStack, synthesiseStack } from '../../core/testing/synthesise';
import type { Bundle } from '../machine/bundle';
import { AzureStack } from '../stack';

/** A file that exists; nobody looks into it. */
export const TEST_BUNDLE: Bundle = {
  path: __filename,
  sha256: 'b'.repeat(64),
  name: 'tsdb-bbbbbbbbbbbbbbbb.tar.gz',
};

/** Settings with all optional parts. */
export const EVERYTHING = {
  TSDB_DEPLOY_PARTS: AZURE_PARTS.join(','),
  TSDB_DEPLOY_MONTHLY_BUDGET: '300',
  TSDB_DEPLOY_ALERT_EMAIL: 'ops@example.org',
};
export const PRIVATE = { TSDB_DEPLOY_EXPOSURE: 'private', TSDB_DEPLOY_PARTS: 'nat,bastion' };

type Env = Readonly<Record<string, string>>;

const known = new Map<string, SynthesisedStack>();

/** The same settings are synthesised once: many tests look at the same stack. */
export function synthesiseAzure(env: Env = {}, bundle: Bundle = TEST_BUNDLE): SynthesisedStack {
  const key = JSON.stringify([env, bundle]);
  const stack = known.get(key) ?? synthesiseAgain(env, bundle);
  known.set(key, stack);
  return stack;
}

export function synthesiseAgain(env: Env, bundle: Bundle = TEST_BUNDLE): SynthesisedStack {
  return synthesiseStack((app, id) => new AzureStack(app, id, { config: readConfig(env), bundle }));
}

/** The attributes of the only resource of a type, which is given without `azurerm_`. */
export function only(stack: SynthesisedStack, type: string): Attributes {
  return onlyResource(stack, `azurerm_${type}`);
}
