import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeUnless } from '../../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { hasTerraform, terraform } from '../../../infra/core/testing/terraform';
import { requireIntactState } from './intact-state';

describeUnless(hasTerraform ? undefined : 'terraform is not on PATH', 'requireIntactState', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => removeFolder(folder));

  const write = (backend: object): void =>
    writeFileSync(join(folder, 'cdk.tf.json'), JSON.stringify({ terraform: { backend } }));
  const account = { storage_account_name: 'plant', container_name: 'tfstate', key: 'tsdb-dev.azure.tfstate' };

  it('accepts a folder of no run, and the backend that Terraform has recorded', () => {
    write({ local: { path: 'one.tfstate' } });
    expect(() => requireIntactState(folder, {})).not.toThrow();
    expect(terraform(['init'], folder)).toMatchObject({ status: 0 });
    expect(() => requireIntactState(folder, {})).not.toThrow();
  });

  it('refuses another one, and names both', () => {
    write({ local: { path: 'one.tfstate' } });
    terraform(['init'], folder);
    write({ azurerm: { ...account, use_azuread_auth: true } });
    expect(() => requireIntactState(folder, {})).toThrow(
      /kept the state of this stack in the file one\.tfstate, and the settings say azurerm plant\/tfstate\/tsdb-dev\.azure\.tfstate/,
    );
    write({ local: { path: 'two.tfstate' } });
    expect(() => requireIntactState(folder, {})).toThrow('the settings say the file two.tfstate');
  });

  it('refuses to leave a state behind that could not be stored', () => {
    write({ local: { path: 'one.tfstate' } });
    writeFileSync(join(folder, 'errored.tfstate'), '{}');
    expect(() => requireIntactState(folder, {})).toThrow('terraform state push errored.tfstate');
    rmSync(join(folder, 'errored.tfstate'));
    expect(() => requireIntactState(folder, {})).not.toThrow();
  });
});
