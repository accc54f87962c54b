// Rules of public scanners that the aks stack does not follow, each with its reason.
import type { SkippedRule } from '../../../core/testing/policy';

export const SKIPPED_RULES: readonly SkippedRule[] = [
  {
    ids: ['CKV_AZURE_115', 'AZU-0065'],
    because:
      'Terraform would have to run inside the network of a private cluster; the API server lists who gets in instead',
  },
  {
    ids: ['CKV_AZURE_117', 'AZU-0067'],
    because:
      "Azure's own keys and encryption on the host; a disk encryption set brings keys of one's own, which can be lost",
  },
];
