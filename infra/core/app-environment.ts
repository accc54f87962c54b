// What the `tsdb` command reads from its environment in a deployment: the same names on the machine and in the cluster.
import type { ApiConnections } from './api-connections';
import { API_ROLES, deployedSchemas, type Login, type ManagedDatabase, roleOf } from './logins';
import { API_PORT, DATABASE } from './names';

type Variables = Readonly<Record<string, string>>;

export interface AppEnvironmentProps {
  /** Host name of the database. */
  readonly host: string;
  readonly login: Login;
  /** Where the container finds that login's password. */
  readonly passwordFile: string;
  /** Schema sets as in the settings. */
  readonly schemas: string;
  /** In place of a database of our own. */
  readonly managed?: ManagedDatabase;
}

/** For every `tsdb` command. */
export function appEnvironment(props: AppEnvironmentProps): Variables {
  const { host, login, passwordFile, schemas, managed } = props;
  return {
    NODE_ENV: 'production',
    PGDATABASE: DATABASE.name,
    PGHOST: host,
    PGPASSWORD_FILE: passwordFile,
    PGPORT: String(DATABASE.port),
    PGUSER: roleOf(login),
    TSDB_SCHEMAS: deployedSchemas(schemas, managed !== undefined),
    ...(managed === undefined ? {} : managedEnvironment(managed, login)),
  };
}

function managedEnvironment({ name, owner, app }: ManagedDatabase, login: Login): Variables {
  return {
    PGDATABASE: name,
    // The way to it leaves the machine. Node.js knows the public authorities.
    PGSSLMODE: 'verify-full',
    PGUSER: login === 'app' ? app : owner,
  };
}

// Container networks use these ranges.
const PRIVATE_NETWORKS = '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16';

export interface ApiEnvironmentProps {
  /** The API uses its own defaults when it is left out. */
  readonly connections?: ApiConnections;
  /** Host name of standbys that answer reads, with the login of the API, and how far they may be behind. */
  readonly standbys?: { readonly host: string; readonly lagSeconds: number };
  /** Whether all requests come through our own proxy, whose X-Forwarded-For the API may trust. */
  readonly behindProxy: boolean;
  /** Whether the login itself has the rights, because it is a member of no roles that it could switch to. */
  readonly hasOwnRights?: boolean;
}

/** What `tsdb serve` needs in addition. */
export function apiEnvironment(props: ApiEnvironmentProps): Variables {
  const { connections, standbys, behindProxy, hasOwnRights } = props;
  return {
    // The API listens on loopback by default, which nothing outside the container could reach.
    HOST: '0.0.0.0',
    PORT: String(API_PORT),
    TSDB_API_AUTH: 'keys',
    ...(hasOwnRights === true ? {} : { TSDB_READ_ROLE: API_ROLES.read, TSDB_WRITE_ROLE: API_ROLES.write }),
    ...(connections === undefined
      ? {}
      : { TSDB_POOL_SIZE: String(connections.read), TSDB_WRITE_POOL_SIZE: String(connections.write) }),
    ...(standbys === undefined
      ? {}
      : {
          TSDB_READ_LAG_SECONDS: String(standbys.lagSeconds),
          TSDB_READ_URLS: `postgres://${standbys.host}:${DATABASE.port}`,
        }),
    ...(behindProxy ? { TSDB_TRUSTED_PROXIES: PRIVATE_NETWORKS } : {}),
  };
}
