// The stages that work on a stack, run with the real Terraform where there is one.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { DATA_PATHS } from '../../infra/azure/machine/machine-layout';
import { synthesiseAzure } from '../../infra/azure/testing/azure-stack';
import { deploy } from './deploy';
import { deployed } from './deployed';
import { destroy } from './destroy';
import { drift } from './drift';
import { plan } from './plan';
import { MACHINE_COMMAND } from './schema/machine-plan';
import { type StackRun, stacksOf } from './stage';
import { declare, diskTellingTerraform, hasTerraform, runIn } from './testing/real-terraform';

describeUnless(hasTerraform ? undefined : 'terraform is not on PATH', 'the stages', () => {
  let folder: string;
  let run: StackRun;
  let said: string;
  beforeEach(() => {
    folder = temporaryFolder();
    run = runIn(folder, { TERRAFORM_BINARY_NAME: diskTellingTerraform(folder) });
    said = '';
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      said += String(text);
      return true;
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
    removeFolder(folder);
  });

  const stacks = ['azure'];
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const passed = (name: string): string | undefined =>
    existsSync(join(folder, 'output'))
      ? new RegExp(`^${name}=(.*)$`, 'm').exec(read('output'))?.[1]
      : undefined;
  const fingerprints = (): readonly string[] =>
    [...read('output').matchAll(/^fingerprint=(.*)$/gm)].map(([, value = '']) => value);
  const page = (): string => {
    const text = read('summary.md');
    rmSync(join(folder, 'summary.md'));
    return text;
  };
  const resources = (): readonly string[] =>
    (JSON.parse(read('terraform.tfstate')) as { resources: { name: string }[] }).resources.map(
      ({ name }) => name,
    );

  it('deploy what was planned, and see when what is there differs from it', async () => {
    declare(folder, { disk: { input: 'a' }, vm: { input: { size: 's' } } });
    expect(await plan({ stacks, allow: [], out: join(folder, 'plan.md') }, run)).toBe(0);
    expect(read('plan.md')).toContain('### Plan for stack azure of tsdb-dev');
    expect(page()).toContain('2 to create');
    expect(existsSync(join(folder, 'terraform.tfstate'))).toBe(false);

    expect(await deploy({ stacks, allow: [], expect: passed('fingerprint') ?? '' }, run)).toBe(0);
    expect(resources()).toEqual(['disk', 'vm']);
    expect(passed('api_url')).toBe('https://tsdb.example');
    expect(read('output')).not.toContain('hush');

    page();
    expect(await drift({ stacks, only: 'infrastructure' }, run)).toBe(0);
    expect(page()).toContain('Nothing to change.');
    declare(folder, { disk: { input: 'a' }, vm: { input: { size: 'm' } } });
    expect(await drift({ stacks, only: 'infrastructure' }, run)).toBe(2);
    expect(said).toMatch(/drift:.* infrastructure: 1 to change/);
    // Not configured is not in sync.
    await expect(drift({ stacks }, run)).rejects.toThrow(/schema: nothing says where/);
  });

  it('ask the machine of the stack for drift of the schema', async () => {
    declare(folder, { vm: { input: 1 } }, { machine_id: '/subscriptions/s/vm' });
    await deploy({ stacks, allow: [] }, run);
    const program = join(folder, 'az');
    const machineSays = (text: string): void =>
      writeFileSync(
        program,
        `#!/bin/sh\n[ "$5" = /subscriptions/s/vm ] || exit 9\ncat <<'END'\n${JSON.stringify({ value: [{ message: text }] })}\nEND\n`,
        { mode: 0o755 },
      );
    const asked: StackRun = { ...run, env: { ...run.env, PATH: `${folder}:${process.env.PATH}` } };
    const look = () => drift({ stacks, only: 'schema' }, asked);
    const ends = (code: number, page: string) =>
      machineSays(`Enable succeeded: \n[stdout]\ntsdb-plan-exit=${code}\n${page}\n[stderr]\nnoise`);

    ends(0, 'In sync.');
    page();
    expect(await look()).toBe(0);
    expect(page()).toBe('In sync.\n');
    ends(2, '### Schema plan');
    expect(await look()).toBe(2);
    expect(said).toMatch(/drift:.* schema: the machine has changes/);
    ends(127, '');
    await expect(look()).rejects.toThrow(/failed on the machine: (.|\n)*noise/);
    writeFileSync(program, '#!/bin/sh\nexit 1\n');
    await expect(look()).rejects.toThrow('az ended with 1');
  });

  it('call the command where a release has it', () =>
    expect(MACHINE_COMMAND).toBe(`${DATA_PATHS.dataDisk}/current/tsdb.sh`));

  it('find what was deployed, also what failed half way', async () => {
    const found = async (): Promise<string | undefined> => {
      rmSync(join(folder, 'output'), { force: true });
      expect(await deployed({ stacks }, run)).toBe(0);
      return passed('deployed');
    };
    declare(folder, { vm: { input: 1 } });
    expect(await found()).toBe('false');
    declare(folder, { disk: { input: 1 }, vm: { input: 1, provisioner: { command: 'exit 1' } } });
    await expect(deploy({ stacks, allow: [] }, run)).rejects.toThrow('terraform apply failed');
    expect(resources()).toContain('disk');
    expect(await found()).toBe('true');
    const removable = { ...run, env: { ...run.env, TSDB_DEPLOY_PROTECT_DATA: 'false' } };
    await destroy({ stacks, confirm: 'tsdb-dev' }, removable);
    expect(await found()).toBe('false');
    expect(said).toContain('0 resources in the state of tsdb-dev');
  });

  it('pass the certificate on as one line, and say when there should be one', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    declare(folder, { vm: { input: 1 } }, { api_ca: pem, api_servername: 'tsdb.internal' });
    await deploy({ stacks, allow: [] }, run);
    expect(Buffer.from(passed('api_ca') ?? '', 'base64').toString()).toBe(pem);
    expect(passed('api_servername')).toBe('tsdb.internal');
    declare(folder, { vm: { input: 1 } }, { api_ca: '' });
    await deploy({ stacks, allow: [] }, run);
    expect(said).toContain('did not print the certificate');
  });

  it('refuse a plan that is not the approved one', async () => {
    declare(folder, { vm: { input: 1 } });
    await plan({ stacks, allow: [] }, run);
    const approved = passed('fingerprint') ?? '';
    declare(folder, { vm: { input: 2 } });
    await expect(deploy({ stacks, allow: [], expect: approved }, run)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('not the approved one'),
    });
    expect(existsSync(join(folder, 'terraform.tfstate'))).toBe(false);
  });

  it('refuse an approval that was lost on its way', async () => {
    declare(folder, { vm: { input: 1 } });
    // A host drops an output that contains a secret value by chance.
    await expect(deploy({ stacks, allow: [], expect: '' }, run)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('not known which plan was approved'),
    });
    expect(existsSync(join(folder, 'terraform.tfstate'))).toBe(false);
    expect(await deploy({ stacks, allow: [], expect: 'any' }, run)).toBe(0);
  });

  it('look for the kubeconfig before they plan', async () => {
    declare(folder, { vm: { input: 1 } });
    const stack = { provider: { kubernetes: [{ config_path: join(folder, 'none') }] } };
    writeFileSync(join(folder, 'cdk.tf.json'), JSON.stringify(stack));
    for (const stage of [plan, deploy])
      await expect(stage({ stacks, allow: [] }, run)).rejects.toThrow(
        /there is no kubeconfig .*none; set TSDB_DEPLOY_KUBE_CONFIG to yours/,
      );
    expect(existsSync(join(folder, '.terraform'))).toBe(false);
  });

  it.each([
    ['GitHub', {}],
    ['Azure Pipelines', { GITHUB_STEP_SUMMARY: undefined, TF_BUILD: 'True' }],
  ])('refuse to keep a state in the checkout of a job of %s', async (_host, more) => {
    declare(folder, { vm: { input: 1 } });
    const backend = (kind: object): void =>
      writeFileSync(join(folder, 'cdk.tf.json'), JSON.stringify({ terraform: { backend: kind } }));
    backend({ local: { path: 'kept.tfstate' } });
    const env = { ...run.env, ...more, TSDB_DEPLOY_PROTECT_DATA: 'false' };
    const job: StackRun = { ...run, env };
    const refusal = {
      exitCode: 3,
      message: expect.stringContaining('set TSDB_DEPLOY_STATE_ACCOUNT'),
    };
    await expect(plan({ stacks, allow: [] }, job)).rejects.toMatchObject(refusal);
    await expect(deploy({ stacks, allow: [] }, job)).rejects.toMatchObject(refusal);
    await expect(deployed({ stacks }, job)).rejects.toMatchObject(refusal);
    await expect(destroy({ stacks, confirm: 'tsdb-dev' }, job)).rejects.toMatchObject(refusal);
    expect(existsSync(join(folder, 'kept.tfstate'))).toBe(false);
    const person = { ...run, env: { ...env, GITHUB_STEP_SUMMARY: undefined, TF_BUILD: undefined } };
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    expect(await deploy({ stacks, allow: [] }, person)).toBe(0);
  });

  it('deploy what was approved, the first time and after a rotation, although the passwords have dates', async () => {
    for (const version of ['1', '2']) {
      const { resource } = synthesiseAzure({ TSDB_DEPLOY_PASSWORD_VERSION: version });
      const dates = Object.keys(resource.terraform_data ?? {}).map((name) => `terraform_data.${name}.output`);
      expect(dates).toHaveLength(2);
      writeFileSync(
        join(folder, 'main.tf.json'),
        JSON.stringify({
          resource: {
            terraform_data: { ...resource.terraform_data, secret: { input: `\${[${dates.join(', ')}]}` } },
          },
        }),
      );
      await plan({ stacks, allow: [] }, run);
      const before = existsSync(join(folder, 'terraform.tfstate')) ? read('terraform.tfstate') : '';
      // The clock of Terraform has whole seconds.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      expect(await deploy({ stacks, allow: [], expect: fingerprints().at(-1) ?? '' }, run)).toBe(0);
      expect(read('terraform.tfstate')).not.toBe(before);
      expect(await drift({ stacks, only: 'infrastructure' }, run)).toBe(0);
    }
  });

  it('ask a person about each plan that has work to do', async () => {
    declare(folder, { vm: { input: 1 } });
    const asked: string[] = [];
    const answering = (answer: boolean) => async (stack: string) => {
      asked.push(stack);
      return answer;
    };
    await expect(deploy({ stacks, allow: [], agree: answering(false) }, run)).rejects.toMatchObject({
      exitCode: 3,
      message: 'stack azure stays as it is, because you did not agree',
    });
    expect(existsSync(join(folder, 'terraform.tfstate'))).toBe(false);
    await deploy({ stacks, allow: [], agree: answering(true) }, run);
    expect(resources()).toEqual(['vm']);
    await deploy({ stacks, allow: [], agree: answering(false) }, run);
    expect(asked).toEqual(['azure', 'azure']);

    const open: StackRun = { ...run, env: { ...run.env, TSDB_DEPLOY_PROTECT_DATA: 'false' } };
    await expect(destroy({ stacks, confirm: async () => undefined }, open)).rejects.toMatchObject({
      exitCode: 3,
    });
    await expect(destroy({ stacks, confirm: async () => 'tsdb-dev' }, run)).rejects.toThrow(/is protected/);
    expect(resources()).toEqual(['vm']);
    page();
    const question = jest.fn(async () => {
      expect(page()).toContain('1 to **destroy**');
      return 'tsdb-dev';
    });
    expect(await destroy({ stacks, confirm: question }, open)).toBe(0);
    expect(question).toHaveBeenCalledWith('Type "tsdb-dev" to destroy stack azure with its data: ');
    expect(resources()).toEqual([]);
  });

  it('take no data away without consent by name', async () => {
    declare(folder, { disk: { input: 'a', trigger: 'one' }, vm: { input: 1 } });
    await deploy({ stacks, allow: [] }, run);
    page();
    declare(folder, { disk: { input: 'a', trigger: 'two' } });
    const refusal = {
      exitCode: 3,
      message: expect.stringContaining('replace terraform_data.disk: the database would be lost'),
    };
    await expect(plan({ stacks, allow: [] }, run)).rejects.toMatchObject(refusal);
    expect(page()).toMatch(/This plan is refused(.|\n)*\*\*replace\*\* \| `terraform_data.disk`/);
    await expect(deploy({ stacks, allow: [] }, run)).rejects.toMatchObject(refusal);
    expect(resources()).toEqual(['disk', 'vm']);
    // The machine holds no data.
    await expect(plan({ stacks, allow: ['terraform_data.vm'] }, run)).rejects.toMatchObject({ exitCode: 1 });
    expect(await deploy({ stacks, allow: ['terraform_data.disk'] }, run)).toBe(0);
    expect(resources()).toEqual(['disk']);
  });

  it('go through several stacks in their order, and back, by what was approved for each', async () => {
    const folders = { one: join(folder, 'one'), two: join(folder, 'two') };
    for (const place of Object.values(folders)) mkdirSync(place);
    const env = {
      ...run.env,
      TSDB_DEPLOY_NAME: 'pr7',
      TSDB_DEPLOY_PROTECT_DATA: 'false',
      TSDB_DEPLOY_STACKS: 'one, two',
    };
    const both: StackRun = {
      ...run,
      env,
      folderOf: async (name) => folders[name as keyof typeof folders],
    };
    const flags = { stacks: stacksOf([], both), allow: [], out: join(folder, 'plan.md') };
    expect(flags.stacks).toEqual(['one', 'two']);
    declare(folders.one, { vm: { input: 1 } });
    declare(folders.two, { pod: { input: 1 } });
    await plan(flags, both);
    expect(read('plan.md')).toMatch(/stack one of pr7-dev(.|\n)*stack two of pr7-dev/);
    const approved = passed('fingerprint') ?? '';
    await expect(deploy({ ...flags, stacks: ['one'], expect: approved }, both)).rejects.toThrow(
      /the approval is for 2 plans, and the deployment is of 1 stack /,
    );
    declare(folders.two, { pod: { input: 2 } });
    await expect(deploy({ ...flags, expect: approved }, both)).rejects.toThrow(/not the approved one/);
    expect([
      existsSync(join(folders.one, 'terraform.tfstate')),
      existsSync(join(folders.two, 'terraform.tfstate')),
    ]).toEqual([true, false]);
    await deploy(flags, both);
    expect(await drift({ ...flags, only: 'infrastructure' }, both)).toBe(0);
    declare(folders.two, { pod: { input: 3 } });
    expect(await drift({ ...flags, only: 'infrastructure' }, both)).toBe(2);
    expect(said).toMatch(/drift:.* infrastructure of two: 1 to change/);
    page();
    await destroy({ stacks: flags.stacks, confirm: 'pr7-dev' }, both);
    expect(page()).toMatch(/stack two of(.|\n)*stack one of/);
  });

  it('take consent to a loss in one of several stacks', async () => {
    const folders = { one: join(folder, 'one'), two: join(folder, 'two') };
    for (const place of Object.values(folders)) mkdirSync(place);
    const both: StackRun = { ...run, folderOf: async (name) => folders[name as keyof typeof folders] };
    const flags = { stacks: ['one', 'two'], allow: [] };
    declare(folders.one, { vm: { input: 1 } });
    declare(folders.two, { disk: { input: 1 } });
    await deploy(flags, both);
    declare(folders.two, { vm: { input: 1 } });
    await expect(plan(flags, both)).rejects.toMatchObject({ exitCode: 3 });
    const consent = { ...flags, allow: ['terraform_data.disk'] };
    expect(await plan(consent, both)).toBe(0);
    expect(await deploy(consent, both)).toBe(0);
  });

  it('show Azure Pipelines a page of each look for drift', async () => {
    declare(folder, { vm: { input: 1 } });
    let printed = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    const { GITHUB_STEP_SUMMARY: _, ...env } = run.env;
    const onAzure = { ...run, env: { ...env, TF_BUILD: 'True', AGENT_TEMPDIRECTORY: folder } };
    await drift({ stacks: ['one', 'two'], only: 'infrastructure' }, onAzure);
    const pages = [...printed.matchAll(/uploadsummary\](.*)\n/g)].map(([, file = '']) => file);
    expect(pages.map((file) => /stack (\w+)/.exec(readFileSync(file, 'utf8'))?.[1])).toEqual(['one', 'two']);
  });

  it('destroy only the deployment that was named, with its protection lifted', async () => {
    declare(folder, { disk: { input: 'a' } });
    await deploy({ stacks, allow: [] }, run);
    const open: StackRun = {
      ...run,
      env: { ...run.env, TSDB_DEPLOY_NAME: 'pr7', TSDB_DEPLOY_PROTECT_DATA: 'false' },
    };
    await expect(destroy({ stacks, confirm: 'pr8-dev' }, open)).rejects.toMatchObject({ exitCode: 3 });
    await expect(destroy({ stacks, confirm: 'tsdb-dev' }, run)).rejects.toThrow(/is protected/);
    expect(resources()).toEqual(['disk']);
    page();
    expect(await destroy({ stacks, confirm: 'pr7-dev' }, open)).toBe(0);
    expect(resources()).toEqual([]);
    expect(page()).toMatch(/Removal for stack azure of pr7-dev(.|\n)*consented to by name/);
  });

  it('say what Terraform said when it fails', async () => {
    declare(folder, { vm: { input: `\${nothing.at_all}` } });
    await expect(plan({ stacks, allow: [] }, run)).rejects.toThrow(/terraform plan failed \(1\)/);
    expect(said).toContain('nothing');
    await expect(
      plan(
        { stacks, allow: [] },
        { ...run, env: { ...run.env, TERRAFORM_BINARY_NAME: 'no-such-terraform' } },
      ),
    ).rejects.toThrow(/no-such-terraform was not found/);
  });
});
