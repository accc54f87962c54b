// Refuses to work with a state that is not the one of the last run in this folder, that lacks what the last run has made, or
// that would be gone after this run.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RefusedError } from '../../../db/core/errors';
import type { Environment } from '../../../db/core/settings';
import { isOnCiHost } from '../ci-host';

/** What Terraform writes when it cannot store the state at the end of an apply. */
const UNSTORED = 'errored.tfstate';

/** Begins the place of a state that is not in a storage account. */
const FILE = 'the file ';

/**
 * Terraform checks a changed backend itself, but its advice would copy one state over another or begin with an empty one.
 * @param folder of a synthesised stack
 * @throws RefusedError that says what is to be done.
 */
export function requireIntactState(folder: string, env: Environment): void {
  const unstored = join(folder, UNSTORED);
  if (existsSync(unstored))
    throw new RefusedError(
      `the last run could not store its state and has written it to ${unstored}; run "terraform state push ${UNSTORED}" in that folder, then delete the file`,
    );
  const recorded = backendIn(join(folder, '.terraform', 'terraform.tfstate'), ({ backend }) =>
    isObject(backend) ? [String(backend.type), isObject(backend.config) ? backend.config : {}] : undefined,
  );
  const declared = declaredBackend(folder);
  if (isOnCiHost(env) && declared?.startsWith(FILE))
    throw new RefusedError(
      `the state of this stack would be in ${declared}, in the checkout of a job, which nobody keeps; set TSDB_DEPLOY_STATE_ACCOUNT to a storage account, as docs/pipeline.md describes`,
    );
  if (recorded === undefined || declared === undefined || recorded === declared) return;
  throw new RefusedError(
    `the last run in this checkout kept the state of this stack in ${recorded}, and the settings say ${declared}, so Terraform could take another state or an empty one; set TSDB_DEPLOY_STATE_ACCOUNT and TSDB_DEPLOY_STATE_CONTAINER as before, or move the state as docs/azure.md describes under "State"`,
  );
}

function declaredBackend(folder: string): string | undefined {
  return backendIn(join(folder, 'cdk.tf.json'), ({ terraform }) =>
    isObject(terraform) && isObject(terraform.backend)
      ? (Object.entries(terraform.backend)[0] as readonly [string, Bag])
      : undefined,
  );
}

type Bag = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Bag => typeof value === 'object' && value !== null;

/** The place of the state for people; undefined when the file names none. */
function backendIn(
  file: string,
  find: (document: Bag) => readonly [type: string, config: Bag] | undefined,
): string | undefined {
  if (!existsSync(file)) return undefined;
  const [type, config] = find(JSON.parse(readFileSync(file, 'utf8')) as Bag) ?? [];
  if (config === undefined) return undefined;
  if (type === 'local') return `${FILE}${String(config.path)}`;
  return `${type} ${['storage_account_name', 'container_name', 'key'].map((name) => String(config[name])).join('/')}`;
}
