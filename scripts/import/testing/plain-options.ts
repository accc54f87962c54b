// For tests: an import with nothing special about it.
import type { Hypertable } from '../../../db/language/hypertable';
import type { ImportOptions } from '../options';
import { kindOf } from '../read/source';

/** Options as the command line makes them without flags. */
export const plainOptions = (file: string, table: Hypertable): ImportOptions => ({
  file,
  table,
  mapping: {},
  ...kindOf(file),
  timeFormat: 'iso',
  zone: 'UTC',
  shift: '0',
  allowExpired: false,
  again: false,
  rejects: `${file}.rejects.ndjson`,
  maxRejects: 0,
  onConflict: 'fail',
  workers: 2,
  dryRun: false,
});
