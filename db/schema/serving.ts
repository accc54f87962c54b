// Set `serving`: the roles of set `access` that an API and its readers need, for a managed service where nobody may create roles.
// Its administration makes them as logins, so an apply as the owner of the tables only grants. Use it instead of set `access`.
import { schemaSet } from '../language/schema-set';
import { api, reader } from './access';

export const serving = schemaSet('serving', [reader, api]);
