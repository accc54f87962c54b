// The settings that both stacks read.
import type { ImageFlavourName } from '../pins';
import type { Setting } from './setting';

/** What infra/environments.ts may say for both stacks. */
export interface SharedValues {
  readonly protectData?: boolean;
  readonly diskGiB?: number;
  readonly flavour?: ImageFlavourName;
  readonly schemas?: readonly string[];
  readonly passwordVersion?: number;
}

export const SHARED_SETTINGS = [
  {
    name: 'TSDB_DEPLOY_NAME',
    default: 'tsdb',
    meaning: 'base of every resource name, and the Kubernetes namespace',
  },
  {
    name: 'TSDB_DEPLOY_ENVIRONMENT',
    default: 'dev',
    meaning: 'environment of `infra/environments.ts`; second part of every Azure name, a tag and a label',
  },
  {
    name: 'TSDB_DEPLOY_PROTECT_DATA',
    field: 'protectData',
    default: 'true',
    meaning: 'Terraform refuses to destroy disk, volume, backups and passwords; "false" for a wanted destroy',
  },
  {
    name: 'TSDB_DEPLOY_DISK_GIB',
    field: 'diskGiB',
    default: '128',
    meaning: 'size of the data disk or volume in GiB; may grow, never shrink',
  },
  {
    name: 'TSDB_DEPLOY_DB_FLAVOUR',
    field: 'flavour',
    default: 'alpine',
    meaning: 'image layout: "alpine", or "ha" which brings pgBackRest',
  },
  {
    name: 'TSDB_DEPLOY_DB_IMAGE',
    default: '',
    meaning: 'another image reference of the same flavour, e.g. from a mirror or with a digest',
  },
  {
    name: 'TSDB_DEPLOY_STATE_ACCOUNT',
    default: '',
    meaning: 'storage account that keeps the Terraform state; empty keeps it in local files',
  },
  {
    name: 'TSDB_DEPLOY_STATE_CONTAINER',
    default: 'tfstate',
    meaning: 'container of that account',
  },
  {
    name: 'TSDB_SCHEMAS',
    field: 'schemas',
    default: 'iot,service',
    meaning: 'schema sets to apply and to serve, comma-separated',
  },
  {
    name: 'TSDB_DEPLOY_PASSWORD_VERSION',
    field: 'passwordVersion',
    default: '1',
    meaning: 'a higher number draws new passwords at the next deployment',
  },
  {
    name: 'TSDB_DEPLOY_ALLOW',
    default: '',
    meaning: 'hazards of schema changes that this deployment consents to, as for `tsdb apply --allow`',
  },
] as const satisfies readonly Setting<keyof SharedValues>[];
