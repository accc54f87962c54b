// The pipelines of both hosts: the same stages by the same npm scripts, which exist; and nothing that must not be there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { TERRAFORM_VERSION } from '../../infra/core/pins';
import packageJson from '../../package.json';
import { runner } from '../run-to-exit';
import { buildPipeline } from './pipeline';
import { textFaults, workflowFaults } from './testing/workflow-rules';

const ROOT = join(__dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const WORKFLOWS = readdirSync(join(ROOT, '.github', 'workflows')).map((name) => `.github/workflows/${name}`);
const AZURE = ['azure-pipelines.yml', 'scripts/pipeline/azure/prepare.yml'];
const FILES = [...WORKFLOWS, ...AZURE];
const STAGES = ['check', 'test', 'synth', 'scan', 'plan', 'deploy', 'smoke', 'drift', 'destroy'];

/** Commands that npm runs in a text of shell, without `npm ci`. */
const commandsIn = (text: string): readonly string[] =>
  [...text.matchAll(/npm (test|run [\w:]+)(?: -- [^\n]*)?/g)].map(([, command]) => command as string);

/** Every text of shell below a node of YAML. */
function shellOf(node: unknown): string {
  if (typeof node !== 'object' || node === null) return '';
  return Object.entries(node)
    .map(([name, value]) =>
      ['run', 'script', 'inlineScript'].includes(name) && typeof value === 'string' ? value : shellOf(value),
    )
    .join('\n');
}

type Stages = Readonly<Record<string, readonly string[]>>;

/** What GitHub runs per stage: a job's stage is its name up to a hyphen, but in plan.yml all jobs are of `plan`. */
function gitHubStages(): Stages {
  const jobs = WORKFLOWS.flatMap((path) =>
    Object.entries((parse(read(path)) as { jobs: Record<string, unknown> }).jobs).map(([job, content]) => ({
      stage: path.endsWith('/plan.yml') ? 'plan' : (job.split('-')[0] as string),
      commands: commandsIn(shellOf(content)),
    })),
  );
  return byStage(jobs);
}

function azureStages(): Stages {
  const { stages } = parse(read('azure-pipelines.yml')) as { stages: { stage: string; jobs: unknown }[] };
  return byStage(stages.map(({ stage, jobs }) => ({ stage, commands: commandsIn(shellOf(jobs)) })));
}

const byStage = (found: readonly { stage: string; commands: readonly string[] }[]): Stages =>
  Object.fromEntries(
    STAGES.map((stage) => [
      stage,
      [...new Set(found.filter((one) => one.stage === stage).flatMap(({ commands }) => commands))].sort(),
    ]),
  );

describe('both pipelines', () => {
  it('have the same stages, by the same npm scripts', () => {
    expect(gitHubStages()).toEqual(azureStages());
    expect(azureStages()).toEqual({
      check: ['run check'],
      test: [
        'run bench:quick',
        'run pipeline:synth',
        'run test:db',
        'run test:leftovers',
        'run test:programs',
        'test',
      ],
      synth: ['run pipeline:synth'],
      scan: ['run pipeline:scan'],
      plan: ['run pipeline:plan', 'run pipeline:schema'],
      deploy: ['run pipeline:deploy'],
      smoke: ['run pipeline:smoke'],
      drift: ['run pipeline:drift'],
      destroy: ['run pipeline:destroy'],
    });
  });

  it('call scripts that exist', () => {
    const scripts: Readonly<Record<string, string>> = packageJson.scripts;
    const called = Object.values(azureStages())
      .flat()
      .map((command) => command.replace('run ', ''));
    expect(called.filter((name) => scripts[name] === undefined)).toEqual([]);
    for (const stage of buildPipeline(runner).commands.map((command) => command.name()))
      expect(scripts[`pipeline:${stage}`]).toBe(`node --import tsx scripts/pipeline/pipeline.ts ${stage}`);
  });

  it('give them flags that they have', () => {
    const program = buildPipeline(runner);
    const calls = FILES.flatMap((path) => [...read(path).matchAll(/npm run pipeline:(\w+)(?: -- (.*))?$/gm)]);
    expect(calls.length).toBeGreaterThan(12);
    for (const [, name, flags = ''] of calls) {
      const command = program.commands.find((one) => one.name() === name);
      expect(command?.options.map(({ long }) => long)).toEqual(
        expect.arrayContaining([...flags.matchAll(/--[a-z]+/g)].map(([flag]) => flag)),
      );
    }
  });

  it('give every stage that looks at a deployment the same settings', () => {
    const settings = WORKFLOWS.flatMap((path) => {
      const { jobs } = parse(read(path)) as { jobs: Record<string, { env?: Record<string, string> }> };
      return Object.values(jobs).flatMap((job) =>
        /pipeline:(plan|deploy|deployed|drift|destroy)\b/.test(shellOf(job))
          ? [Object.keys(job.env ?? {})]
          : [],
      );
    });
    expect(settings).toHaveLength(5);
    const own = ['TSDB_DEPLOY_NAME', 'TSDB_DEPLOY_PROTECT_DATA'];
    for (const names of settings)
      expect(names.filter((name) => !own.includes(name))).toEqual([
        'ARM_USE_OIDC',
        'ARM_CLIENT_ID',
        'ARM_TENANT_ID',
        'ARM_SUBSCRIPTION_ID',
        'TSDB_DEPLOY_ENVIRONMENT',
        'TSDB_DEPLOY_STATE_ACCOUNT',
        'TSDB_DEPLOY_STATE_CONTAINER',
        'TSDB_DEPLOY_SSH_PUBLIC_KEY',
        'TSDB_DEPLOY_DEPLOYER_CIDRS',
        'TSDB_DEPLOY_DEPLOYER_ID',
        'TSDB_DEPLOY_STACKS',
        'TSDB_DEPLOY_CLUSTER',
        'TSDB_APP_IMAGE',
      ]);
    // Variables of a group are the environment of its jobs.
    for (const name of settings[0]?.filter((one) => one.startsWith('TSDB_DEPLOY_DEPLOYER')) ?? [])
      expect(read('docs/pipeline.md')).toContain(`\`${name}\``);
  });

  it('pass each key of the API by name to the stage that needs it', () => {
    /** The names in the environment of each step that runs a stage. */
    const steps = (node: unknown, stage: string): readonly (readonly string[])[] => {
      if (typeof node !== 'object' || node === null) return [];
      if (!['run', 'script', 'task'].some((key) => key in node))
        return Object.values(node).flatMap((child) => steps(child, stage));
      const { env = {} } = node as { env?: Record<string, string> };
      return shellOf(node).includes(`pipeline:${stage}`) ? [Object.keys(env)] : [];
    };
    for (const [stage, keys] of [
      ['smoke', ['TSDB_API_KEY', 'TSDB_API_WRITE_KEY']],
      ['drift', ['TSDB_API_KEY']],
    ] as const) {
      const all = FILES.flatMap((path) => steps(parse(read(path)), stage));
      expect(all).toHaveLength(2);
      for (const names of all) expect(names).toEqual(expect.arrayContaining([...keys]));
    }
    // A macro of Azure Pipelines for a variable that does not exist stays as it is, and would be taken for a key.
    const { variables } = parse(read('azure-pipelines.yml')) as { variables: Record<string, string> };
    for (const [, name] of read('azure-pipelines.yml').matchAll(/\$\((TSDB_API\w+)\)/g))
      expect(variables[name as string]).toBe('');
  });

  it('keep the state of previews in a container of their own', () => {
    const container = (path: string): readonly string[] =>
      [...read(path).matchAll(/TSDB_DEPLOY_STATE_CONTAINER: (.*)$/gm)].map(([, value]) => value as string);
    expect(container('.github/workflows/destroy.yml')).toEqual([
      `\${{ vars.TSDB_PREVIEW_STATE_CONTAINER }}`,
      `\${{ vars.TSDB_PREVIEW_STATE_CONTAINER }}`,
    ]);
    expect(container('.github/workflows/deploy.yml')).toEqual([
      expect.stringContaining(`inputs.environment == 'preview' && vars.TSDB_PREVIEW_STATE_CONTAINER ||`),
    ]);
  });

  it('name files that exist', () => {
    const named = FILES.flatMap((path) =>
      [...read(path).matchAll(/(?:uses: \.\/|template: |versionFilePath: |node-version-file: )(\S+)/g)].map(
        ([, file]) => file as string,
      ),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('test on the image that is deployed, with one version of Terraform and the Node of the image', () => {
    const all = FILES.map(read).join('\n');
    const of = (pattern: RegExp): readonly string[] => [
      ...new Set([...all.matchAll(pattern)].map(([, value]) => value as string)),
    ];
    // The script knows the image, and its own test says which one; no file here names another.
    expect(of(/(timescale\/timescaledb\S*|^ +services:)/gm)).toEqual([]);
    expect(of(/(start-timescaledb\.sh(?: "\$POSTGRES")?)/g)).toEqual([
      'start-timescaledb.sh "$POSTGRES"',
      'start-timescaledb.sh',
    ]);
    const versions = of(/terraform_?[vV]ersion: (\S+)/g);
    expect(versions).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    const [major = 0, minor = 0] = (versions[0] ?? '').split('.').map(Number);
    const [least = 0, leastMinor = 0] = TERRAFORM_VERSION.replace('>= ', '').split('.').map(Number);
    expect(major).toBe(least);
    expect(minor).toBeGreaterThanOrEqual(leastMinor);
    expect(read('Dockerfile')).toMatch(new RegExp(`NODE_IMAGE=node:${read('.nvmrc').trim()}[.]`));
  });

  it('use one commit of each action', () => {
    const pins = WORKFLOWS.flatMap((path) =>
      [...read(path).matchAll(/uses: ([\w/-]+)@(\S+ # \S+)/g)].map(([, action, pin]) => `${action} ${pin}`),
    );
    const actions = [...new Set(pins)].map((pin) => pin.split(' ')[0]);
    expect(new Set(actions).size).toBe(actions.length);
  });
});

describe('the rules', () => {
  it.each(WORKFLOWS)('are kept by %s', (path) => expect(workflowFaults(read(path))).toEqual([]));
  it.each(AZURE)('are kept by %s', (path) => expect(textFaults(read(path))).toEqual([]));

  const GOOD = read('.github/workflows/destroy.yml');
  it.each([
    ['types: [closed]', 'types: [closed, reopened]', 'a trigger'],
    ['    types: [closed]\n', '', 'a trigger'],
    ['  workflow_dispatch:', '  workflow_run:\n  workflow_dispatch:', 'a trigger'],
    [/ {10}ref: .*\n/, '', 'other code than that of main'],
    ['event.repository.default_branch', 'event.pull_request.head.sha', 'code of a pull request'],
    [`format('pr{0}-dev', github.event.pull_request.number)`, 'github.head_ref', 'text or code'],
    ['permissions: {}', 'permissions: write-all', 'nothing is taken away'],
    [/ {4}permissions:\n.*\n.*\n/, '', 'find: no permissions'],
    ['    timeout-minutes: 90\n', '', 'find: no timeout'],
    [/cancel-in-progress: false(?=[\s\S]*pipeline:destroy)/g, 'cancel-in-progress: true', 'may be run twice'],
    ['    environment: preview\n', '', 'without approval'],
    [/@[0-9a-f]{40} # v7.0.1/, '@v7', 'not pinned: actions/checkout@v7'],
    [/ # v3.0.0/, '', 'not pinned: azure/login@'],
    ['"$CONFIRM"', `\${{ inputs.confirm }}`, 'an expression in shell text'],
    [
      'CONFIRM:',
      `ARM_CLIENT_SECRET: \${{ secrets.ARM_CLIENT_SECRET }}\n          CONFIRM:`,
      'a long-lived login',
    ],
    ['CONFIRM:', `KEY: \${{ secrets.OTHER }}\n          CONFIRM:`, 'secret OTHER'],
    [
      '    timeout-minutes: 90\n',
      '    timeout-minutes: 90\n    secrets: inherit\n',
      'passes every secret on',
    ],
    [
      '    timeout-minutes: 90\n',
      '    timeout-minutes: 90\n    services:\n      db:\n        image: postgres:18\n',
      'image without a digest: postgres:18',
    ],
  ])('catch %s → %s', (from, to, fault) => {
    const bad = GOOD.replace(from, to);
    expect(bad).not.toBe(GOOD);
    expect(workflowFaults(bad)).toContainEqual(expect.stringContaining(fault));
  });
});
