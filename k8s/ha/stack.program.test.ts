import { readConfig } from '../../infra/core/config';
import { DATABASE } from '../../infra/core/names';
import { postgresSettings } from '../../infra/core/postgres-settings';
import { addresses, onlyResource } from '../../infra/core/testing/synthesise';
import { checkedBefore, checksOf } from '../testing/checks';
import { haDatabase } from './database-access';
import {
  HA,
  type ManifestResource,
  manifestsOf,
  objectOf,
  RESTORED,
  S3,
  synthesiseHa,
} from './testing/ha-stack';

describe('the stack kubernetes-ha', () => {
  it('keeps its Terraform addresses', () => {
    expect(addresses(synthesiseHa(S3))).toMatchInlineSnapshot(`
      [
        "kubernetes_limit_range_v1.limits_defaults_B4956AB7",
        "kubernetes_manifest.cluster",
        "kubernetes_manifest.images",
        "kubernetes_manifest.nightly",
        "kubernetes_manifest.pooler",
        "kubernetes_manifest.store",
        "kubernetes_namespace_v1.namespace_67941C3A",
        "kubernetes_network_policy_v1.network_dns_0230592B",
        "kubernetes_network_policy_v1.network_operator_E5E50C34",
        "kubernetes_network_policy_v1.network_outside_C1A4DE4D",
        "kubernetes_network_policy_v1.network_peers_4D071C3B",
        "kubernetes_resource_quota_v1.limits_quota_6C543B60",
        "kubernetes_secret_v1.superuser_secret_2A5711C6",
        "terraform_data.cluster-rollout",
        "terraform_data.pooler-rollout",
      ]
    `);
  });

  it('makes what the kubernetes stack looks for', () => {
    const { host, superuser } = haDatabase(readConfig(HA));
    expect(host).toBe(`${objectOf('Cluster').metadata.name}-rw`);
    expect(superuser.secretName).toBe(objectOf('Cluster').spec.superuserSecret.name);
    expect(onlyResource(synthesiseHa(), 'kubernetes_secret_v1')).toMatchObject({
      metadata: {
        name: superuser.secretName,
        labels: { 'cnpg.io/reload': 'true' },
      },
      type: 'kubernetes.io/basic-auth',
      data_wo: {
        username: DATABASE.superuser,
        [superuser.key]: `\${ephemeral.random_password.superuser.result}`,
      },
      data_wo_revision: 1,
    });
  });

  it('draws a new password when it is asked to', () => {
    const { resource } = synthesiseHa({
      ...HA,
      TSDB_DEPLOY_PASSWORD_VERSION: '2',
    });
    expect(Object.values(resource.kubernetes_secret_v1 ?? {})).toMatchObject([{ data_wo_revision: 2 }]);
  });

  it('makes the cluster last but for what belongs to it', () => {
    const nameOf = (kind: string): string => `kubernetes_manifest.${kind}`;
    const dependsOn = Object.fromEntries(
      manifestsOf(S3).map(({ manifest, depends_on }) => [manifest.kind, depends_on ?? []]),
    );
    expect(dependsOn.Cluster).toEqual(expect.arrayContaining([nameOf('images'), nameOf('store')]));
    expect(dependsOn.Cluster?.join()).toMatch(/kubernetes_secret_v1.*network_policy_v1.*resource_quota_v1/);
    expect(dependsOn.Pooler).toContain('terraform_data.cluster-rollout');
    expect(dependsOn.ScheduledBackup).toContain('terraform_data.cluster-rollout');
  });

  it('waits until the database is up, and leaves to the operator what it adds', () => {
    for (const kind of ['Pooler', 'ScheduledBackup']) {
      const { depends_on = [] } = manifestsOf(S3).find(({ manifest }) => manifest.kind === kind) ?? {};
      expect(checkedBefore(synthesiseHa(S3), depends_on)).toEqual(['kubernetes_manifest']);
    }
    expect(checksOf(synthesiseHa(S3), 'kubernetes_manifest').map(({ address }) => address)).toEqual([
      'kubernetes_manifest.cluster',
      'kubernetes_manifest.pooler',
    ]);
    expect(clusterResource(HA)).not.toHaveProperty('wait');
    expect(clusterResource(HA)).toMatchObject({
      computed_fields: expect.arrayContaining(['spec.postgresql.parameters']),
      field_manager: { force_conflicts: false },
    });
  });

  it('does not lose its volumes by mistake', () => {
    expect(clusterResource(HA).lifecycle).toEqual({ prevent_destroy: true });
    expect(clusterResource({ ...HA, TSDB_DEPLOY_PROTECT_DATA: 'false' }).lifecycle).toEqual({
      prevent_destroy: false,
    });
  });

  it('grows its volumes in place', () => {
    const before = clusterResource(HA).manifest;
    const after = clusterResource({
      ...HA,
      TSDB_DEPLOY_DISK_GIB: '256',
      TSDB_DEPLOY_HA_WAL_GIB: '64',
    }).manifest;
    expect(after).toEqual({
      ...before,
      spec: {
        ...before.spec,
        storage: { resizeInUseVolumes: true, size: '256Gi' },
        walStorage: { resizeInUseVolumes: true, size: '64Gi' },
        postgresql: {
          ...before.spec.postgresql,
          parameters: {
            ...before.spec.postgresql.parameters,
            max_slot_wal_keep_size: '49152MB',
          },
        },
      },
    });
  });

  it('makes a storage class where one is asked for, and uses it', () => {
    const own = {
      ...HA,
      TSDB_DEPLOY_STORAGE_PROVISIONER: 'disk.csi.azure.com',
    };
    const { metadata } = onlyResource(synthesiseHa(own), 'kubernetes_storage_class_v1') as {
      metadata: { name: string };
    };
    const { storage, walStorage } = objectOf('Cluster', own).spec;
    expect([storage.storageClass, walStorage.storageClass]).toEqual([metadata.name, metadata.name]);
  });
});

describe('the database cluster', () => {
  const { spec } = objectOf('Cluster');

  it('tells the operator what is in the image', () => {
    expect(objectOf('ImageCatalog').spec.images).toEqual([{ major: 17, image: HA.TSDB_DEPLOY_HA_IMAGE }]);
    expect(spec).toMatchObject({
      imageCatalogRef: {
        name: objectOf('ImageCatalog').metadata.name,
        major: 17,
      },
      postgresUID: 1000,
      postgresGID: 1000,
    });
    expect(objectOf('Cluster', { ...HA, TSDB_DEPLOY_HA_UID: '26' }).spec.postgresUID).toBe(26);
  });

  it('has the computed settings of its memory and cores', () => {
    const computed = postgresSettings(readConfig(HA).kubernetes.database);
    for (const name of [
      'shared_buffers',
      'work_mem',
      'max_connections',
      'timescaledb.max_background_workers',
    ])
      expect(spec.postgresql.parameters[name]).toBe(computed[name]);
    expect(spec.resources).toEqual({
      requests: { cpu: '1', memory: '2Gi', 'ephemeral-storage': '1536Mi' },
      limits: { memory: '2Gi', 'ephemeral-storage': '1536Mi' },
    });
  });

  it('has TimescaleDB in its database, and not in the template of all databases', () => {
    expect(spec.bootstrap.initdb).toMatchObject({
      database: 'tsdb',
      postInitApplicationSQL: ['CREATE EXTENSION IF NOT EXISTS timescaledb'],
    });
    expect(spec.bootstrap.initdb.postInitTemplateSQL).toBeUndefined();
  });

  it('puts each instance on a node of its own, and leaves the labels of the operator alone', () => {
    expect(spec.affinity).toMatchObject({
      podAntiAffinityType: 'required',
      topologyKey: 'kubernetes.io/hostname',
    });
    expect(spec.inheritedMetadata.labels).toEqual({ 'app.kubernetes.io/part-of': 'tsdb' });
  });

  it('starts from the backups of another one, and writes its own beside them', () => {
    const restored = objectOf('Cluster', RESTORED).spec;
    expect(restored.bootstrap).toEqual({
      recovery: {
        source: 'origin',
        database: 'tsdb',
        owner: 'tsdb',
        recoveryTarget: { targetTime: '2026-01-31 23:59:00+00' },
      },
    });
    expect(restored.externalClusters[0].plugin.parameters).toEqual({
      barmanObjectName: 'restored-backups',
      serverName: 'tsdb-prod',
    });
    expect(restored.plugins[0].parameters.serverName).toBe('restored-dev');
  });
});

function clusterResource(env: Readonly<Record<string, string>>): ManifestResource {
  const found = manifestsOf(env).find(({ manifest }) => manifest.kind === 'Cluster');
  if (found === undefined) throw new Error('there is no cluster');
  return found;
}
