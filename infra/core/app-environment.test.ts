import { settings as apiSettings } from '../../api/config';
import { desiredFrom } from '../../db/language/desired';
import { loginOf, LOGINS as MADE } from '../../db/logins/roles';
import { selectSets } from '../../db/schema/sets';
import { dbSettings } from '../../db/server/config';
import { apiEnvironment, appEnvironment } from './app-environment';
import { API_ROLES, deployedSchemas, LOGINS, roleOf } from './logins';
import { DATABASE } from './names';

const PROPS = { host: 'h', login: 'app', passwordFile: '/run/password', schemas: 'iot' } as const;

describe('the environment of a deployment', () => {
  it('has no name that tsdb does not read', () => {
    const read = [...dbSettings, ...apiSettings].map(({ name }) => name);
    const given = {
      ...appEnvironment(PROPS),
      ...apiEnvironment({ connections: { read: 1, write: 1, total: 5 }, behindProxy: true }),
    };
    expect(Object.keys(given).filter((name) => !read.includes(name))).toEqual(['NODE_ENV']);
  });

  it('of a managed database has a role of its own for each login, and TLS', () => {
    const managed = { name: 'citus', owner: 'citus', app: 'tsdbapi' };
    const own = appEnvironment({ ...PROPS, managed });
    expect(own).toMatchObject({ PGDATABASE: 'citus', PGUSER: 'tsdbapi', PGSSLMODE: 'verify-full' });
    expect(appEnvironment({ ...PROPS, login: 'owner', managed })).toMatchObject({ PGUSER: 'citus' });
    const names = Object.keys({ ...own, ...apiEnvironment({ behindProxy: true, hasOwnRights: true }) });
    const read = [...dbSettings, ...apiSettings].map(({ name }) => name);
    // The client library reads the second one.
    expect(names.filter((name) => !read.includes(name))).toEqual(['NODE_ENV', 'PGSSLMODE']);
    expect(names.filter((name) => name.endsWith('_ROLE'))).toEqual([]);
  });

  it('leaves the pools of the API as they are unless it is told', () => {
    expect(apiEnvironment({ behindProxy: false })).not.toHaveProperty('TSDB_POOL_SIZE');
    expect(apiEnvironment({ behindProxy: false })).not.toHaveProperty('TSDB_TRUSTED_PROXIES');
  });
});

describe('the logins of a deployment', () => {
  const desired = desiredFrom(selectSets(deployedSchemas('iot')));

  it('are those that "tsdb logins" makes, under the same roles', () => {
    expect(LOGINS).toEqual(MADE);
    for (const login of LOGINS) expect(roleOf(login)).toBe(loginOf(login, desired, false).role);
    expect(roleOf('superuser')).toBe(DATABASE.superuser);
  });

  it('may take on the roles that the API reads and writes with', () => {
    const groups = loginOf('app', desired, false).memberships.map(({ group }) => group);
    expect(groups).toEqual(expect.arrayContaining(Object.values(API_ROLES)));
  });
});

describe('deployedSchemas', () => {
  it('adds what no deployment goes without, once', () => {
    expect(deployedSchemas('iot')).toBe('iot,service,access');
    expect(deployedSchemas('access,iot,service')).toBe('access,iot,service');
    expect(deployedSchemas('iot', true)).toBe('iot,service,serving');
  });

  it('names sets that there are', () => {
    for (const managed of [false, true])
      expect(() => selectSets(deployedSchemas('iot', managed))).not.toThrow();
  });
});
