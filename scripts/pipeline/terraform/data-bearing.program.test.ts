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
    const stacks = synthesiseApp((outdir) => buildApp(readConfig({}), { schemaHash: hash, bundle }, outdir));
    removeFolder(folder);
    const protectedTypes = Object.values(stacks).flatMap(({ resource }) =>
      Object.entries(resource)
        .filter(([, named]) =>
          Object.values(named).some((one) => (one as Guarded).lifecycle?.prevent_destroy === true),
        )
        .map(([type]) => type),
    );
    expect(protectedTypes.length).toBeGreaterThan(2);
    expect(protectedTypes.filter((type) => !Object.hasOwn(DATA_BEARING, type))).toEqual([]);
  });
});

interface Guarded {
  readonly lifecycle?: { readonly prevent_destroy?: boolean };
}
