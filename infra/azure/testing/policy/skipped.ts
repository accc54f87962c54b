// Rules of public scanners that the azure stack does not follow, each with its reason.
import type { SkippedRule } from '../../../core/testing/policy';

export const SKIPPED_RULES: readonly SkippedRule[] = [
  {
    ids: ['CKV_AZURE_119', 'CKV2_AZURE_39', 'AZU-0076'],
    because: 'the address of the machine is public only with exposure "public"; "private" has none',
  },
  {
    ids: ['CKV_AZURE_50'],
    because:
      'Azure Monitor reads disk and memory through an extension; without it nobody is told that a disk fills',
  },
  {
    ids: ['CKV_AZURE_93', 'CKV2_AZURE_1', 'CKV_AZURE_112', 'CKV_AZURE_117', 'AZU-0060', 'AZU-0067'],
    because:
      "Azure's own keys and encryption on the host by default; part `customer-keys` brings keys of one's own, which can be lost",
  },
  {
    ids: ['CKV_AZURE_59', 'CKV2_AZURE_32', 'CKV2_AZURE_33'],
    because:
      'Terraform would have to run inside the network; the firewall lists who gets in, part `private-endpoints` closes the rest',
  },
  {
    ids: ['CKV_AZURE_206', 'AZU-0058'],
    because:
      'three zones by default; copies in a second region are storageReplication "GZRS", at about twice the price',
  },
  {
    ids: ['CKV_AZURE_33', 'CKV2_AZURE_20', 'AZU-0009'],
    because: 'queues and tables of the account are not used; blobs are logged',
  },
  {
    ids: ['AZU-0051'],
    because: 'the machine fetches packages, images and certificates from names whose addresses change',
  },
];
