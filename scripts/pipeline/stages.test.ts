// The stages that work on a stack, run with the real Terraform where there is one.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { DATA_PATHS } from '../../infra/azure/machine/machine-layout';
import { deploy } from './deploy';
import { destroy } from './destroy';
import { drift } from './drift';
import { MACHINE_COMMAND } from './machine-plan';
import { plan } from './plan';
import type { StackRun } from './stage';
import { declare, diskTellingTerraform, hasTerraform, runIn } from './testing/real-terraform';

if (!hasTerraform) process.stderr.write('the stages are not run: Terraform was not found on the PATH\n');

(hasTerraform ? describe : describe.skip)('the stages', () => {
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

  const stack = 'azure';
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const passed = (name: string): string | undefined =>
    existsSync(join(folder, 'output'))
      ? new RegExp(`^${name}=(.*)$`, 'm').exec(read('output'))?.[1]
      : undefined;
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
    expect(await plan({ stack, allow: [], out: join(folder, 'plan.md') }, run)).toBe(0);
    expect(read('plan.md')).toContain('### Plan for stack azure of tsdb-dev');
    expect(page()).toContain('2 to create');
    expect(existsSync(join(folder, 'terraform.tfstate'))).toBe(false);

    expect(await deploy({ stack, allow: [], expect: passed('fingerprint') ?? '' }, run)).toBe(0);
    expect(resources()).toEqual(['disk', 'vm']);
    expect(passed('api_url')).toBe('https://tsdb.example');
    expect(read('output')).not.toContain('hush');

    page();
    expect(await drift({ stack, only: 'infrastructure' }, run)).toBe(0);
    expect(page()).toContain('Nothing to change.');
    declare(folder, { disk: { input: 'a' }, vm: { input: { size: 'm' } } });
    expect(await drift({ stack, only: 'infrastructure' }, run)).toBe(2);
    expect(said).toMatch(/drift:.* infrastructure: 1 to change/);
    // Not configured is not in sync.
    await expect(drift({ stack }, run)).rejects.toThrow(/schema: nothing says where/);
  });

  it('ask the machine of the stack for drift of the schema', async () => {
    declare(folder, { vm: { input: 1 } }, { machine_id: '/subscriptions/s/vm' });
    await deploy({ stack, allow: [] }, run);
    const program = join(folder, 'az');
    const machineSays = (text: string): void =>
      writeFileSync(
        program,
        `#!/bin/sh\n[ "$5" = /subscriptions/s/vm ] || exit 9\ncat <<'END'\n${JSON.stringify({ value: [{ message: text }] })}\nEND\n`,
        { mode: 0o755 },
      );
    const asked: StackRun = { ...run, env: { ...run.env, PATH: `${folder}:${process.env.PATH}` } };
    const look = () => drift({ stack, only: 'schema' }, asked);
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

  it('refuse a plan that is not the approved one', async () => {
    declare(folder, { vm: { input: 1 } });
    await plan({ stack, allow: [] }, run);
    const approved = passed('fingerprint') ?? '';
    declare(folder, { vm: { input: 2 } });
    await expect(deploy({ stack, allow: [], expect: approved }, run)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('not the approved one'),
    });
    expect(existsSync(join(folder, 'terraform.tfstate'))).toBe(false);
  });

  it('take no data away without consent by name', async () => {
    declare(folder, { disk: { input: 'a', trigger: 'one' }, vm: { input: 1 } });
    await deploy({ stack, allow: [] }, run);
    page();
    declare(folder, { disk: { input: 'a', trigger: 'two' } });
    const refusal = {
      exitCode: 3,
      message: expect.stringContaining('replace terraform_data.disk: the database would be lost'),
    };
    await expect(plan({ stack, allow: [] }, run)).rejects.toMatchObject(refusal);
    expect(page()).toMatch(/This plan is refused(.|\n)*\*\*replace\*\* \| `terraform_data.disk`/);
    await expect(deploy({ stack, allow: [] }, run)).rejects.toMatchObject(refusal);
    expect(resources()).toEqual(['disk', 'vm']);
    // The machine holds no data.
    await expect(plan({ stack, allow: ['terraform_data.vm'] }, run)).rejects.toMatchObject({ exitCode: 1 });
    expect(await deploy({ stack, allow: ['terraform_data.disk'] }, run)).toBe(0);
    expect(resources()).toEqual(['disk']);
  });

  it('destroy only the deployment that was named, with its protection lifted', async () => {
    declare(folder, { disk: { input: 'a' } });
    await deploy({ stack, allow: [] }, run);
    const open: StackRun = {
      ...run,
      env: { ...run.env, TSDB_DEPLOY_NAME: 'pr7', TSDB_DEPLOY_PROTECT_DATA: 'false' },
    };
    await expect(destroy({ stack, confirm: 'pr8-dev' }, open)).rejects.toMatchObject({ exitCode: 3 });
    await expect(destroy({ stack, confirm: 'tsdb-dev' }, run)).rejects.toThrow(/is protected/);
    expect(resources()).toEqual(['disk']);
    page();
    expect(await destroy({ stack, confirm: 'pr7-dev' }, open)).toBe(0);
    expect(resources()).toEqual([]);
    expect(page()).toMatch(/Removal for stack azure of pr7-dev(.|\n)*consented to by name/);
  });

  it('say what Terraform said when it fails', async () => {
    declare(folder, { vm: { input: `\${nothing.at_all}` } });
    await expect(plan({ stack, allow: [] }, run)).rejects.toThrow(/terraform plan failed \(1\)/);
    expect(said).toContain('nothing');
    await expect(
      plan({ stack, allow: [] }, { ...run, env: { ...run.env, TERRAFORM_BINARY_NAME: 'no-such-terraform' } }),
    ).rejects.toThrow(/no-such-terraform was not found/);
  });
});
