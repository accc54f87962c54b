// Findings that nobody has to repair, each with its reason. Rules that a whole stack does not follow are in the lists beside the
// stacks' own policies; here are faults of the scanners and findings in other files.
import { join } from 'node:path';
import type { Finding } from './scanners';

/** A finding that stays. */
export interface Accepted {
  readonly scanner: string;
  readonly rule: string;
  /** Part of the finding's place. */
  readonly where: string;
  readonly because: string;
}

export const ACCEPTED: readonly Accepted[] = [
  {
    scanner: 'checkov',
    rule: 'CKV_AZURE_43',
    where: 'azure resource.storage_account_',
    because:
      'the name ends with random letters that Terraform draws, which the scanner does not know; Terraform refuses a name that breaks the rule',
  },
  {
    scanner: 'checkov',
    rule: 'CKV2_AZURE_21',
    where: 'azure azurerm_storage_container.',
    because:
      "a diagnostic setting logs the reads of the account's blobs, and the policy in infra/azure/testing demands it; the scanner looks for the older resource only",
  },
  {
    scanner: 'checkov',
    rule: 'CKV2_AZURE_31',
    where: 'azure azurerm_subnet.bastion_subnet_',
    because:
      'Azure guards the subnet of Azure Bastion itself; the policy in infra/azure/testing demands a group for every other subnet',
  },
  {
    scanner: 'checkov',
    rule: 'CKV_AZURE_40',
    where: 'azure resource.keys_',
    because:
      'the rotation policy makes a new version each year that expires after two; a date on the key itself would lock the data on that day',
  },
  {
    scanner: 'checkov',
    rule: 'CKV_K8S_14',
    where: 'kubernetes resource.api_server_',
    because:
      'the image is a variable of Terraform, which the scanner does not resolve; its validation refuses an image without a version',
  },
  {
    scanner: 'zizmor',
    rule: 'dangerous-triggers',
    where: '.github/workflows/destroy.yml:',
    because:
      'pull_request does not run while there is a conflict; this run is of a closed pull request, checks main out and uses its number only, which scripts/pipeline/testing/workflow-rules.ts enforces',
  },
  {
    scanner: 'zizmor',
    rule: 'self-repository',
    where: '.github/workflows/',
    because:
      'actionlint 1.7.12 refuses the newer form $/ as no path of a workflow; both name the file of the same commit',
  },
  {
    scanner: 'shellcheck',
    rule: 'SC1091',
    where: 'infra/azure/machine/release/lib.sh:',
    because:
      'the synthesis writes release.env into the bundle beside this file, so the repository does not have it',
  },
  {
    scanner: 'shellcheck',
    rule: 'SC2034',
    where: 'infra/azure/machine/release/lib.sh:',
    because: 'programs that source this file use the variable; others source it too',
  },
];

/** Rules by stack, as the lists beside the policies have them. */
const LISTS: Readonly<Record<string, string>> = {
  azure: 'infra/azure',
  aks: 'infra/aks',
  kubernetes: 'k8s',
  'kubernetes-ha': 'k8s',
  'kubernetes-sharded': 'k8s',
  'kubernetes-kafka': 'k8s',
};

/** What a scanner found, parted by whether it is accepted, and the entries for this scanner that match nothing. */
export interface Judgement {
  readonly open: readonly Finding[];
  readonly accepted: readonly Finding[];
  readonly unused: readonly Accepted[];
}

export function judge(scanner: string, findings: readonly Finding[]): Judgement {
  const own = ACCEPTED.filter((entry) => entry.scanner === scanner);
  const matches = (entry: Accepted, { rule, where }: Finding): boolean =>
    entry.rule === rule && where.includes(entry.where);
  const isAccepted = (finding: Finding): boolean =>
    own.some((entry) => matches(entry, finding)) || skippedIn(finding.where).includes(finding.rule);
  return {
    open: findings.filter((finding) => !isAccepted(finding)),
    accepted: findings.filter(isAccepted),
    unused: own.filter((entry) => !findings.some((finding) => matches(entry, finding))),
  };
}

/** The rules that the stack of a place such as `default/azure resource.x` does not follow. */
function skippedIn(where: string): readonly string[] {
  const [, stack = ''] = /^\w+\/([\w-]+) /.exec(where) ?? [];
  const folder = LISTS[stack];
  if (folder === undefined) return [];
  // Read as data: this part of the repository does not depend on the stacks, and they do not depend on it.
  const file = join(__dirname, '..', '..', '..', folder, 'testing', 'policy', 'skipped.ts');
  const { SKIPPED_RULES } = require(file) as { SKIPPED_RULES: readonly { ids: readonly string[] }[] };
  return SKIPPED_RULES.flatMap(({ ids }) => ids);
}
