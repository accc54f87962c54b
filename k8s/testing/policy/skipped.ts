// Rules of public scanners that the kubernetes stack does not follow, each with its reason.
import type { SkippedRule } from '../../../infra/core/testing/policy';

export const SKIPPED_RULES: readonly SkippedRule[] = [
  {
    ids: ['CKV_K8S_11', 'KSV-0011', 'C-0270', 'unset-cpu-requirements'],
    because:
      'a limit on processor time throttles a database in the middle of a query; each container requests its share instead',
  },
  {
    ids: ['CKV_K8S_40', 'KSV-0020', 'KSV-0021'],
    because:
      'the database images run as the user that owns their files, 70 or 1000; all other pods run as 10001',
  },
  {
    ids: ['CKV_K8S_15'],
    because:
      'each image has a version; a node that has it must be able to start it while its registry is away',
  },
  {
    ids: ['no-anti-affinity'],
    because:
      'a topology spread constraint keeps the pods of the API apart, by node and by zone; the scanner knows affinity only',
  },
  {
    ids: ['CKV_K8S_43'],
    because:
      'versions are tags here, which people can read; TSDB_DEPLOY_DB_IMAGE and TSDB_APP_IMAGE take a reference with a digest',
  },
  {
    ids: ['KSV-0032', 'KSV-0033', 'KSV-0034', 'KSV-0035', 'KSV-0125', 'C-0078'],
    because: 'which registries may be used is for the cluster to say; both images can come from a mirror',
  },
  {
    ids: ['job-ttl-seconds-after-finished'],
    because:
      'Terraform would make the schema Job again each time that it was cleared away; those of CronJobs go by their history limits',
  },
  {
    ids: ['pdb-unhealthy-pod-eviction-policy'],
    because: "the provider's budget has no such attribute in the version that is used",
  },
];
