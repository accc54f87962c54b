// Rules about what a container may do.
import { type Attributes, blocks, only, type PolicyRule } from '../../../infra/core/testing/policy';
import { eachContainer } from './pods';

export const CONTAINER_POLICY: readonly PolicyRule[] = [
  eachContainer(
    ['CKV_K8S_16', 'KSV-0017', 'C-0057', 'privileged-container'],
    'no container is privileged',
    (container) => security(container).privileged !== true,
  ),
  eachContainer(
    ['CKV_K8S_20', 'CKV_K8S_30', 'KSV-0001', 'C-0016', 'privilege-escalation-container'],
    'no container can gain privileges',
    (container) => security(container).allow_privilege_escalation === false,
  ),
  eachContainer(
    ['CKV_K8S_28', 'CKV_K8S_37', 'KSV-0003', 'drop-net-raw-capability'],
    'each container drops all capabilities',
    (container) => listOf(capabilities(container).drop).includes('ALL'),
  ),
  eachContainer(
    ['CKV_K8S_25', 'CKV_K8S_39', 'KSV-0022', 'KSV-0106', 'C-0046'],
    'no container takes a capability back',
    (container) => listOf(capabilities(container).add).length === 0,
  ),
  eachContainer(
    ['CKV_K8S_22', 'KSV-0014', 'C-0017', 'no-read-only-root-fs'],
    'no container can write to its own files',
    (container) => security(container).read_only_root_filesystem === true,
  ),
  eachContainer(['CKV_K8S_26', 'KSV-0024'], 'no container takes a port of its node', (container) =>
    blocks(container, 'port').every(({ host_port }) => host_port === undefined),
  ),
  eachContainer(['ssh-port'], 'no container listens where SSH does', (container) =>
    blocks(container, 'port').every(({ container_port }) => container_port !== 22),
  ),
  eachContainer(
    ['CKV_K8S_35', 'env-var-secret'],
    'no container has a secret in its environment: each is a file',
    (container) =>
      blocks(container, 'env_from').every(({ secret_ref }) => secret_ref === undefined) &&
      blocks(container, 'env').every(isOpen),
  ),
  eachContainer(['duplicate-env-var'], 'no variable of a container is there twice', (container) => {
    const names = blocks(container, 'env').map(({ name }) => name);
    return new Set(names).size === names.length;
  }),
];

function security(container: Attributes): Attributes {
  return only(container, 'security_context');
}

function capabilities(container: Attributes): Attributes {
  return only(security(container), 'capabilities');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

// The name of a file that holds a secret is none.
function isOpen(variable: Attributes): boolean {
  const name = String(variable.name);
  return (
    only(variable, 'value_from').secret_key_ref === undefined &&
    (name.endsWith('_FILE') || !/secret|password|token|passphrase|private_?key/i.test(name))
  );
}
