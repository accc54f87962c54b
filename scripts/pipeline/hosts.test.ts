// What the pipelines' hosts tell a stage and are told by it, and what a folder comparison finds.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { ciHost } from './ci-host';
import { cloudEnvironment } from './cloud-login';
import { differences, readFolder } from './folder-difference';

let folder: string;
let printed: string;
beforeEach(() => {
  folder = temporaryFolder();
  printed = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  jest.spyOn(process.stderr, 'write').mockReturnValue(true);
});
afterEach(() => {
  jest.restoreAllMocks();
  removeFolder(folder);
});
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('ciHost', () => {
  it('adds to the summary of GitHub and passes values in its file', () => {
    const host = ciHost({ GITHUB_STEP_SUMMARY: join(folder, 's'), GITHUB_OUTPUT: join(folder, 'o') });
    host.publish('# one', join(folder, 'one.md'));
    host.publish('# two');
    host.pass('api_url', 'https://tsdb.example');
    expect([read('s'), read('one.md'), read('o')]).toEqual([
      '# one\n# two\n',
      '# one\n',
      'api_url=https://tsdb.example\n',
    ]);
    expect(() => host.pass('a', 'b\nPATH=/tmp')).toThrow('one line');
  });

  it('tells Azure Pipelines by commands', () => {
    const host = ciHost({ TF_BUILD: 'True', AGENT_TEMPDIRECTORY: folder });
    host.publish('# one');
    host.pass('fingerprint', 'abc');
    const [, page = ''] = /uploadsummary\](.*)\n/.exec(printed) ?? [];
    expect(readFileSync(page, 'utf8')).toBe('# one\n');
    expect(printed).toContain('##vso[task.setvariable variable=fingerprint;isOutput=true]abc\n');
    expect(() => host.pass('a', 'b\n##vso[x]')).toThrow('one line');
  });

  it('prints for a person, or writes the file that was asked for', () => {
    ciHost({}).publish('# one');
    ciHost({}).publish('# two', join(folder, 'two.md'));
    expect([printed, read('two.md')]).toEqual(['# one\n', '# two\n']);
    expect(() => ciHost({}).publish('#', join(folder, 'none', 'x.md'))).toThrow('cannot write');
  });
});

describe('cloudEnvironment', () => {
  it('names the identity of an Azure service connection as Terraform reads it', () => {
    const told = {
      AZURESUBSCRIPTION_SERVICE_CONNECTION_ID: 'connection',
      AZURESUBSCRIPTION_CLIENT_ID: 'client',
      AZURESUBSCRIPTION_TENANT_ID: 'tenant',
      ARM_SUBSCRIPTION_ID: 'subscription',
    };
    expect(cloudEnvironment(told)).toMatchObject({
      ARM_USE_OIDC: 'true',
      ARM_USE_CLI: 'false',
      ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID: 'connection',
      ARM_CLIENT_ID: 'client',
      ARM_TENANT_ID: 'tenant',
      ARM_SUBSCRIPTION_ID: 'subscription',
    });
    expect(cloudEnvironment({ ...told, ARM_CLIENT_ID: 'mine' }).ARM_CLIENT_ID).toBe('mine');
  });

  it('lets kubelogin ask the host for a token, where the login of the Azure CLI would have ended', () => {
    const gitHub = {
      ARM_USE_OIDC: 'true',
      ARM_CLIENT_ID: 'client',
      ARM_TENANT_ID: 'tenant',
      ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example',
    };
    expect(cloudEnvironment(gitHub)).toMatchObject({
      ARM_USE_CLI: 'false',
      AAD_LOGIN_METHOD: 'workloadidentity',
      AZURE_CLIENT_ID: 'client',
      AZURE_TENANT_ID: 'tenant',
    });
    expect(cloudEnvironment({ ...gitHub, AAD_LOGIN_METHOD: 'azurecli' }).AAD_LOGIN_METHOD).toBe('azurecli');
    expect(cloudEnvironment({ AZURESUBSCRIPTION_SERVICE_CONNECTION_ID: 'c' }).AAD_LOGIN_METHOD).toBe(
      'azurepipelines',
    );
    // A person logs in with the Azure CLI, on a runner without a federated login as well.
    const { ARM_USE_OIDC, ...without } = gitHub;
    expect(cloudEnvironment(without).AAD_LOGIN_METHOD).toBeUndefined();
  });

  it('leaves any other login alone, and lets nothing ask or call home', () => {
    expect(cloudEnvironment({ ARM_CLIENT_ID: 'c' })).toEqual({
      ARM_CLIENT_ID: 'c',
      CHECKPOINT_DISABLE: '1',
      TF_INPUT: '0',
      TF_IN_AUTOMATION: '1',
    });
  });
});

describe('differences', () => {
  it('names each file that differs and where, without what Terraform puts there', () => {
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    mkdirSync(join(folder, '.terraform'));
    for (const name of ['same', 'changed', 'gone', 'longer']) write(name, 'one\ntwo');
    const first = readFolder(folder);
    expect(differences(first, readFolder(folder))).toEqual([]);
    write('changed', 'one\nTWO');
    write('longer', 'one\ntwo\nthree');
    write('new', '');
    write('.terraform/provider', '');
    write('.terraform.lock.hcl', '');
    write('x.tfplan', '');
    write('terraform.tfstate.backup', '');
    const second = new Map([...readFolder(folder)].filter(([name]) => name !== 'gone'));
    expect(differences(first, second)).toEqual([
      'changed: line 2 is "two", then "TWO"',
      'gone: only in the first',
      'longer: line 3 is missing, then "three"',
      'new: only in the second',
    ]);
  });
});
