import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { readConfig } from '../../../infra/core/config';
import { synthesiseApp } from '../../../infra/core/testing/synthesise';
import { buildApp } from '../../../main';
import { lostWith } from './data-bearing';

describe('DATA_BEARING', () => {
  it('knows every kind of resource that the stacks protect', () => {
    const folder = temporaryFolder();
    const hash = 'f'.repeat(64);
    const bundle = { path: join(folder, 'bundle.tar.gz'), sha256: hash, name: 'bundle.tar.gz' };
    writeFileSync(bundle.path, 'any');
    const settings = {
      TSDB_DEPLOY_CLUSTER: 'aks',
      TSDB_DEPLOY_HA: 'true',
      TSDB_DEPLOY_HA_IMAGE: 'ha:1',
      TSDB_DEPLOY_KAFKA: 'true',
    };
    const guarded = [
      {},
      { TSDB_DEPLOY_AZURE_CLUSTER: 'true' },
      { ...settings, TSDB_DEPLOY_PARTS: 'customer-keys,recovery-vault', TSDB_DEPLOY_EVENT_HUBS: 'standard' },
    ].flatMap((env) => {
      const sources = { schemaHash: hash, bundle, clusterBundle: bundle };
      const stacks = synthesiseApp((outdir) => buildApp(readConfig(env), sources, outdir));
      return Object.values(stacks).flatMap(({ resource }) =>
        Object.entries(resource).flatMap(([type, named]) =>
          Object.entries(named)
            .filter(([, one]) => (one as Guarded).lifecycle?.prevent_destroy === true)
            .map(([name]) => ({ type, address: `${type}.${name}` })),
        ),
      );
    });
    removeFolder(folder);
    expect(guarded.map(({ address }) => address)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^azurerm_cosmosdb_postgresql_cluster\./),
        expect.stringMatching(/^azurerm_cosmosdb_postgresql_role\./),
        ...['cluster', 'kafka', 'pool', 'topic-bss_order_metrics', 'topic-bss_order_metrics_dlq'].map(
          (name) => `kubernetes_manifest.${name}`,
        ),
      ]),
    );
    expect(guarded.filter((one) => lostWith(one) === undefined)).toEqual([]);
  });

  it('does not know an object of an operator that holds none', () => {
    const nameOf = (name: string) => ({
      type: 'kubernetes_manifest',
      address: `kubernetes_manifest.${name}`,
    });
    expect(['user-consumer', 'pooler', 'ingress_route_1'].map((name) => lostWith(nameOf(name)))).toEqual([
      ...[undefined, undefined, undefined],
    ]);
  });
});

interface Guarded {
  readonly lifecycle?: { readonly prevent_destroy?: boolean };
}
