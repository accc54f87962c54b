// The configuration of the kubernetes stack: its settings, checked against each other.
import { apiConnections, LEAST_CONNECTIONS } from '../api-connections';
import type { MachineSize } from '../machine-sizes';
import { containsAddress, METADATA_SERVICE } from '../networks';
import { type KUBERNETES_SETTINGS, LEAST_MEMORY_MIB } from './kubernetes';
import type { Fault, ValuesOf } from './setting';

type Settings = ValuesOf<typeof KUBERNETES_SETTINGS>;

export interface KubernetesConfig extends Omit<Settings, 'databaseCpus' | 'databaseMemoryMiB'> {
  /** The size of the database pod, or of each instance of a replicating database. */
  readonly database: MachineSize;
}

interface Clients {
  /** Connections to the database that the consumers of streams hold. */
  readonly others: number;
  /** Whether a pooler stands between, so that their number says nothing about the database: see `checkPooler`. */
  readonly isPooled: boolean;
}

export function kubernetesConfig(settings: Settings, clients: Clients, fault: Fault): KubernetesConfig {
  checkTogether(settings, fault);
  const { databaseCpus: cpus, databaseMemoryMiB: memoryMiB, ...rest } = settings;
  const config = { ...rest, database: { cpus, memoryMiB } };
  checkApi(config, clients, fault);
  return config;
}

function checkTogether(settings: Settings, fault: Fault): void {
  const open = settings.dnsCidrs.find((network) => containsAddress(network, METADATA_SERVICE));
  if (open !== undefined)
    fault(
      `TSDB_DEPLOY_DNS_CIDRS contains ${METADATA_SERVICE} (${open}), where clouds hand out the identity of a node; name the addresses of the resolvers with /32`,
    );
  const { storageProvisioner, storageParameters, ha, haImage } = settings;
  const { ingressHost, ingressClass, ingressTlsSecret, ingressIssuer, gateway } = settings;
  if (storageProvisioner === '' && Object.keys(storageParameters).length > 0)
    fault(
      'TSDB_DEPLOY_STORAGE_PARAMETERS belong to a storage class that this deployment makes; set TSDB_DEPLOY_STORAGE_PROVISIONER too, or take them away',
    );
  if (ha && haImage === '')
    fault(
      'TSDB_DEPLOY_HA=true needs an image of PostgreSQL with TimescaleDB Community that CloudNativePG can run; set TSDB_DEPLOY_HA_IMAGE',
    );
  if (ingressHost === '' && `${ingressClass}${ingressTlsSecret}${ingressIssuer}` !== '')
    fault(
      'TSDB_DEPLOY_INGRESS_CLASS, _TLS_SECRET and _ISSUER belong to an ingress; set TSDB_DEPLOY_INGRESS_HOST too, or take them away',
    );
  if (gateway !== '' && ingressHost === '')
    fault('TSDB_DEPLOY_GATEWAY needs the DNS name that leads to the API; set TSDB_DEPLOY_INGRESS_HOST too');
  if (gateway !== '' && `${ingressClass}${ingressTlsSecret}${ingressIssuer}` !== '')
    fault(
      'TSDB_DEPLOY_INGRESS_CLASS, _TLS_SECRET and _ISSUER belong to an ingress, and TSDB_DEPLOY_GATEWAY takes its place: the listener of the Gateway has the certificate; take them away',
    );
  if (ingressHost !== '' && gateway === '' && ingressTlsSecret === '' && ingressIssuer === '')
    fault(
      'TSDB_DEPLOY_INGRESS_HOST without TLS would send keys and data in clear text; set TSDB_DEPLOY_INGRESS_TLS_SECRET, TSDB_DEPLOY_INGRESS_ISSUER for a certificate that cert-manager makes, or TSDB_DEPLOY_GATEWAY for a listener with HTTPS',
    );
}

function checkApi(
  { apiReplicas, apiMaxReplicas, database }: KubernetesConfig,
  { others, isPooled }: Clients,
  fault: Fault,
): void {
  if (apiMaxReplicas < apiReplicas) {
    fault(
      `TSDB_DEPLOY_API_MAX_REPLICAS must be at least TSDB_DEPLOY_API_REPLICAS, which is ${apiReplicas}, got "${apiMaxReplicas}"`,
    );
    return;
  }
  if (isPooled) return;
  // A size that is a fault already has no number of connections.
  if (!(database.cpus >= 1 && database.memoryMiB >= LEAST_MEMORY_MIB)) return;
  const { total } = apiConnections(database, apiMaxReplicas, others);
  if (total < LEAST_CONNECTIONS)
    fault(
      `TSDB_DEPLOY_API_MAX_REPLICAS=${apiMaxReplicas} leaves each API pod ${total} connections of a database with TSDB_DEPLOY_DB_MEMORY_MIB=${database.memoryMiB}, and it needs ${LEAST_CONNECTIONS}; take fewer pods${others === 0 ? '' : ` or consumers of streams, which hold ${others},`} or, below 1600 MiB, more memory`,
    );
}
