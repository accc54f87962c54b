// The settings that every stack reads.
import { flag, imageReference, matching, oneOf, optional, wholeNumber } from './parsers';
import type { Fault, SettingTable } from './setting';

export const SHARED_SETTINGS = {
  name: {
    name: 'TSDB_DEPLOY_NAME',
    variableOnly: true,
    default: 'tsdb',
    meaning: 'base of every resource name; also the Kubernetes namespace',
    // 16 + 12 characters keep every Azure name within its limit.
    parse: matching(/^[a-z][a-z0-9]{1,15}$/, '2 to 16 lower-case letters and digits'),
  },
  environment: {
    name: 'TSDB_DEPLOY_ENVIRONMENT',
    variableOnly: true,
    default: 'dev',
    meaning:
      'environment of `infra/environments.ts`; also the second part of every Azure name, a tag and a label',
    // Any text. `readConfig` checks it, because only there the environments are known.
    parse: (name: string) => name,
  },
  protectData: {
    name: 'TSDB_DEPLOY_PROTECT_DATA',
    default: 'true',
    meaning:
      '"true" makes Terraform refuse to destroy disk, volume, backups and passwords; "false" allows it',
    parse: flag,
  },
  diskGiB: {
    name: 'TSDB_DEPLOY_DISK_GIB',
    default: '128',
    meaning: 'size of the data disk or volume in GiB; it can grow but not shrink',
    parse: wholeNumber(16, 65_536),
  },
  flavour: {
    name: 'TSDB_DEPLOY_DB_FLAVOUR',
    default: 'alpine',
    meaning: 'layout of the database image: "alpine", or "ha", which contains pgBackRest',
    parse: oneOf(['alpine', 'ha']),
  },
  otherImage: {
    name: 'TSDB_DEPLOY_DB_IMAGE',
    variableOnly: true,
    meaning: 'different database image of the same flavour, e.g. from a mirror or with a digest',
    parse: imageReference,
  },
  stateAccount: {
    name: 'TSDB_DEPLOY_STATE_ACCOUNT',
    variableOnly: true,
    meaning: 'storage account for the Terraform state; empty = local files',
    parse: optional(/^[a-z0-9]{3,24}$/, '3 to 24 lower-case letters and digits'),
  },
  stateContainer: {
    name: 'TSDB_DEPLOY_STATE_CONTAINER',
    variableOnly: true,
    default: 'tfstate',
    meaning: 'container in the storage account for the Terraform state',
    parse: matching(/^[a-z0-9](-?[a-z0-9]){2,62}$/, '3 to 63 lower-case letters, digits and hyphens'),
  },
  schemas: {
    name: 'TSDB_SCHEMAS',
    default: 'iot,service',
    meaning: 'comma-separated schema sets to apply and to serve',
    parse: schemaSets,
  },
  passwordVersion: {
    name: 'TSDB_DEPLOY_PASSWORD_VERSION',
    default: '1',
    meaning: 'a higher number makes the next deployment generate new passwords',
    parse: wholeNumber(1, 1_000_000),
  },
  allow: {
    name: 'TSDB_DEPLOY_ALLOW',
    variableOnly: true,
    meaning: 'hazards of schema changes that this deployment accepts, as in `tsdb apply --allow`',
    parse: optional(/^[a-z]+(-[a-z]+)*(,[a-z]+(-[a-z]+)*)*$/, 'hazards such as deletes-data'),
  },
} as const satisfies SettingTable;

function schemaSets(given: string | readonly string[], fault: Fault): readonly string[] {
  const names = typeof given === 'string' ? given.split(',') : given;
  if (!names.every((name) => /^[a-z][a-z0-9_]*$/.test(name)))
    fault(`must be names of schema sets, comma-separated, got "${names.join(',')}"`);
  return names;
}
