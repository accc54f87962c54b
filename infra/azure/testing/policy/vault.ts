// Rules about the vault and what is in it.
import { eachMust, only, type PolicyRule } from '../../../core/testing/policy';

const VAULT = 'azurerm_key_vault';
const SECRET = 'azurerm_key_vault_secret';

export const VAULT_POLICY: readonly PolicyRule[] = [
  eachMust(
    VAULT,
    ['CKV_AZURE_42', 'CKV_AZURE_110', 'AZU-0016'],
    'nobody can purge a vault',
    ({ purge_protection_enabled }) => purge_protection_enabled === true,
  ),
  eachMust(
    VAULT,
    ['CKV_AZURE_111'],
    'what is deleted in a vault comes back for 90 days',
    ({ soft_delete_retention_days }) => Number(soft_delete_retention_days) >= 90,
  ),
  eachMust(
    VAULT,
    ['CKV_AZURE_109', 'CKV_AZURE_189', 'AZU-0013'],
    'a vault lets in only the networks that it lists',
    (vault) => {
      const { default_action, bypass } = only(vault, 'network_acls');
      return default_action === 'Deny' && bypass === 'AzureServices';
    },
  ),
  eachMust(
    VAULT,
    [],
    'access to a vault is given by roles, not by policies of its own',
    (vault) => vault.rbac_authorization_enabled === true && vault.access_policy === undefined,
  ),
  eachMust(
    SECRET,
    ['CKV_AZURE_114', 'AZU-0015'],
    'each secret says what it is',
    ({ content_type }) => typeof content_type === 'string' && content_type !== '',
  ),
  eachMust(
    SECRET,
    ['CKV_AZURE_41', 'AZU-0017'],
    'each secret has a date of expiry',
    ({ expiration_date }) => typeof expiration_date === 'string' && expiration_date !== '',
  ),
  eachMust(
    SECRET,
    [],
    'no secret gets into state or plan: it is drawn while applying and only written',
    (secret) =>
      secret.value === undefined &&
      /^\$\{ephemeral\.\w+\.\w+\.result\}$/.test(String(secret.value_wo)) &&
      Number.isInteger(secret.value_wo_version),
  ),
];
