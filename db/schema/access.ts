// Set `access`: group roles for people and programs, with grants on everything that the other selected sets declare.
// `tsdb logins` makes logins that are members; add others with `GRANT tsdb_reader TO someone`. The owner is whoever applies.
import { role } from '../language/access';
import { schemaSet } from '../language/schema-set';

export const reader = role('tsdb_reader', 'read');
export const writer = role('tsdb_writer', 'write');
/** For the login of the API alone: what a writer may, the table of keys, and what comparing the schema reads. */
export const api = role('tsdb_api', 'serve');
export const monitor = role('tsdb_monitor', 'monitor');

export const access = schemaSet('access', [reader, writer, api, monitor]);
