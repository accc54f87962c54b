// Set `serving`: the roles that an API and its readers need, for a managed service where nobody may create roles. Its administration
// makes them as logins, so an apply as the owner of the tables only grants. Use it instead of set `access`.
import { role } from '../language/access';
import { schemaSet } from '../language/schema-set';

// Azure takes lower-case letters and digits only.
export const servingApi = role('tsdbapi', 'serve');
export const servingReader = role('tsdbreader', 'read');

export const serving = schemaSet('serving', [servingReader, servingApi]);
