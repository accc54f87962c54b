// Rules about the storage account and its containers.
import {
  type Attributes,
  allOf,
  blocks,
  eachMust,
  only,
  type PolicyRule,
  type Resources,
} from '../../../core/testing/policy';

const ACCOUNT = 'azurerm_storage_account';
const CONTAINER = 'azurerm_storage_container';

export const STORAGE_POLICY: readonly PolicyRule[] = [
  eachMust(
    ACCOUNT,
    ['CKV_AZURE_3', 'AZU-0008'],
    'storage answers on HTTPS only',
    ({ https_traffic_only_enabled }) => https_traffic_only_enabled === true,
  ),
  eachMust(
    ACCOUNT,
    ['CKV_AZURE_44', 'AZU-0011', 'AZU-0059'],
    'storage speaks TLS 1.2 or newer',
    ({ min_tls_version }) => min_tls_version === 'TLS1_2' || min_tls_version === 'TLS1_3',
  ),
  eachMust(
    ACCOUNT,
    ['CKV_AZURE_35', 'AZU-0012'],
    'storage lets in only the networks that it lists',
    (account) => only(account, 'network_rules').default_action === 'Deny',
  ),
  eachMust(
    ACCOUNT,
    ['CKV_AZURE_36', 'AZU-0010'],
    'storage lets in trusted services of Azure, such as its backup',
    (account) => [only(account, 'network_rules').bypass].flat().includes('AzureServices'),
  ),
  eachMust(
    ACCOUNT,
    ['CKV_AZURE_190', 'CKV2_AZURE_47'],
    'no blob can be made public',
    ({ allow_nested_items_to_be_public }) => allow_nested_items_to_be_public === false,
  ),
  eachMust(
    CONTAINER,
    ['CKV_AZURE_34', 'AZU-0007'],
    'each container is private',
    ({ container_access_type }) => container_access_type === 'private',
  ),
  eachMust(
    ACCOUNT,
    ['CKV2_AZURE_40'],
    'storage knows no access keys',
    ({ shared_access_key_enabled }) => shared_access_key_enabled === false,
  ),
  eachMust(ACCOUNT, ['CKV2_AZURE_41'], 'storage has a policy for signatures that give access', (account) =>
    blocks(account, 'sas_policy').some(({ expiration_period }) => expiration_period !== undefined),
  ),
  eachMust(
    ACCOUNT,
    ['CKV_AZURE_244'],
    'storage has no users of its own',
    ({ local_user_enabled }) => local_user_enabled === false,
  ),
  eachMust(
    ACCOUNT,
    ['AZU-0061'],
    'storage is encrypted twice',
    ({ infrastructure_encryption_enabled }) => infrastructure_encryption_enabled === true,
  ),
  eachMust(
    ACCOUNT,
    ['CKV2_AZURE_38', 'AZU-0056'],
    'what is deleted or overwritten in storage comes back',
    (account) =>
      blocks(account, 'blob_properties').some(
        (blobs) =>
          blobs.versioning_enabled === true &&
          daysOf(blobs, 'delete_retention_policy') >= 7 &&
          daysOf(blobs, 'container_delete_retention_policy') >= 7,
      ),
  ),
  {
    ids: ['CKV2_AZURE_21', 'AZU-0057'],
    says: 'each reading, writing and deleting of a blob is logged',
    find: unloggedAccounts,
  },
];

function daysOf(blobs: Attributes, policy: string): number {
  return Number(only(blobs, policy).days ?? 0);
}

function unloggedAccounts(resources: Resources): readonly string[] {
  const logged = (address: string): readonly unknown[] =>
    allOf(resources, 'azurerm_monitor_diagnostic_setting')
      .filter(([, { target_resource_id }]) => target_resource_id === `\${${address}.id}/blobServices/default`)
      .flatMap(([, setting]) => blocks(setting, 'enabled_log').map(({ category }) => category));
  return allOf(resources, ACCOUNT)
    .map(([address]) => address)
    .filter((address) =>
      ['StorageRead', 'StorageWrite', 'StorageDelete'].some((what) => !logged(address).includes(what)),
    );
}
