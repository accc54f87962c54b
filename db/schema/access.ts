// Set `access`: group roles for people and programs, with grants on everything that the other selected sets declare.
// `tsdb logins` creates logins that are members of these roles; add others with `GRANT tsdb_reader TO someone`.
import { role } from '../language/access';
import { schemaSet } from '../language/schema-set';

export const reader = role('tsdb_reader', 'read');
export const writer = role('tsdb_writer', 'write');
/** Only for the login of the API: the rights of a writer, the table of keys, and what comparing the schema has to read. */
export const api = role('tsdb_api', 'serve');
export const monitor = role('tsdb_monitor', 'monitor');

export const access = schemaSet('access', [reader, writer, api, monitor]);
