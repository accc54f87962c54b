// The settings that the scripts of a release read, as shell variables (pure).
import { posix } from 'node:path';
import { DATABASE } from '../../core/names';
import { serviceOf } from './consumer';
import { DUMP_IMAGE } from './dump-image';
import { backupKind, type ReleaseProps } from './release-props';

/**
 * Lines `NAME=value`. Nothing in them is secret, and no value needs quotes.
 * @throws RangeError when one would
 */
export function releaseSettings(props: ReleaseProps): string {
  const { image, allow = '', consumers = [], managed } = props;
  const settings: Readonly<Record<string, string>> = {
    ALLOW: allow,
    BACKUPS: backupKind(props),
    BROKER_PORTS: [
      ...(managed === undefined ? [] : [DATABASE.port]),
      ...new Set(consumers.flatMap(({ ports }) => ports)),
    ].join(','),
    BROKER_SECRETS: consumers
      .flatMap(({ secrets }) => Object.entries(secrets))
      .map(([file, secret]) => `${file}=${secret}`)
      .join(','),
    CONSUMERS: consumers.map(serviceOf).join(','),
    CONSUMER_IDENTITY: consumers.some(({ hasIdentity }) => hasIdentity) ? 'yes' : 'no',
    DATABASE_RUNS_ON: managed === undefined ? 'machine' : 'managed',
    DATABASE_GID: String(image.gid),
    DATABASE_IMAGE: image.image,
    DATABASE_UID: String(image.uid),
    DUMP_IMAGE,
    EVENT_HUBS: consumers.some(({ usesEventHubs }) => usesEventHubs) ? 'yes' : 'no',
    PGDATA_FOLDER: posix.relative(image.dataMount, image.pgdata),
    POOLER: props.pooler === undefined ? 'no' : 'yes',
  };
  for (const [name, value] of Object.entries(settings)) {
    if (!/^[\w./:@,=-]*$/.test(value)) throw new RangeError(`${name} would need quotes: "${value}"`);
  }
  return `${Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}
