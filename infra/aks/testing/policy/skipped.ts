// Rules of public scanners that the aks stack does not follow, each with its reason.
import type { SkippedRule } from '../../../core/testing/policy';

export const SKIPPED_RULES: readonly SkippedRule[] = [
  {
    ids: ['CKV_AZURE_115', 'AZU-0065'],
    because:
      'the API server lists who gets in; TSDB_DEPLOY_AKS_PRIVATE makes it private, and Terraform then has to run in a network that is connected to it',
  },
  {
    ids: ['CKV_AZURE_117', 'AZU-0067'],
    because:
      "Azure's own keys and encryption on the host; a disk encryption set brings keys of one's own, which can be lost",
  },
];
