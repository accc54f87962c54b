import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { readConfig } from '../../../infra/core/config';
import { synthesiseApp } from '../../../infra/core/testing/synthesise';
import { buildApp } from '../../../main';
import { DATA_BEARING } from './data-bearing';

describe('DATA_BEARING', () => {
  it('knows every kind of resource that the stacks protect', () => {
    const folder = temporaryFolder();
    const hash = 'f'.repeat(64);
    const bundle = { path: join(folder, 'bundle.tar.gz'), sha256: hash, name: 'bundle.tar.gz' };
    writeFileSync(bundle.path, 'any');
    const settings = { TSDB_DEPLOY_CLUSTER: 'aks', TSDB_DEPLOY_HA: 'true', TSDB_DEPLOY_HA_IMAGE: 'ha:1' };
    const guarded = [{}, { ...settings, TSDB_DEPLOY_PARTS: 'customer-keys,recovery-vault' }].flatMap(
      (env) => {
        const sources = { schemaHash: hash, bundle };
        const stacks = synthesiseApp((outdir) => buildApp(readConfig(env), sources, outdir));
        return Object.values(stacks).flatMap(({ resource }) =>
          Object.entries(resource).flatMap(([type, named]) =>
            Object.entries(named)
              .filter(([, one]) => (one as Guarded).lifecycle?.prevent_destroy === true)
              .map(([name]) => ({ type, address: `${type}.${name}` })),
          ),
        );
      },
    );
    removeFolder(folder);
    expect(guarded.map(({ address }) => address)).toContain('kubernetes_manifest.cluster');
    const isKnown = (name: string): boolean => Object.hasOwn(DATA_BEARING, name);
    expect(guarded.filter(({ type, address }) => !isKnown(type) && !isKnown(address))).toEqual([]);
  });
});

interface Guarded {
  readonly lifecycle?: { readonly prevent_destroy?: boolean };
}
