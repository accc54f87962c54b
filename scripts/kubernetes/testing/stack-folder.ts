// For tests: the kubernetes stack, synthesised into a folder of its own, and Terraform on it.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { temporaryFolder } from '../../../db/local/testing/places';
import type { StackJson } from '../stack-json';

const ROOT = join(__dirname, '..', '..', '..');

type Env = Readonly<Record<string, string>>;

export interface Ran {
  readonly status: number | null;
  /** What it printed on both streams, without colours. */
  readonly text: string;
}

export interface StackFolder {
  readonly place: string;
  /** Writes the stack anew, with more settings. */
  synthesise(more?: Env): void;
  /** Changes the stack as it is synthesised. */
  edit(change: (stack: StackJson) => object): void;
  /** Runs a stage of the pipeline on it, as it is synthesised. */
  stage(name: 'deploy' | 'drift' | 'rollout' | 'smoke', more?: Env): Ran;
  /** Runs Terraform on it, without questions. */
  terraform(args: readonly string[], more?: Env): Ran;
}

/** The programs of Terraform to test with: those of TSDB_TEST_TERRAFORMS, else the one on PATH. */
export const terraforms = (): readonly string[] =>
  (process.env.TSDB_TEST_TERRAFORMS || 'terraform').split(delimiter).filter(Boolean);

/** @param settings of every run, such as the kubeconfig */
export function stackFolder(program: string, settings: Env): StackFolder {
  const place = temporaryFolder();
  const out = join(place, 'cdktf.out');
  const run = (command: string, args: readonly string[], { cwd, env }: { cwd: string; env: Env }): Ran => {
    const { PATH, HOME, TF_CLI_CONFIG_FILE } = process.env;
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...{ PATH, HOME, TF_CLI_CONFIG_FILE, CHECKPOINT_DISABLE: '1', TF_INPUT: '0' }, ...env },
    });
    return { status, text: `${stdout}${stderr}` };
  };
  let stack = out;
  return {
    place,
    synthesise(more = {}) {
      const args = ['--require', join(ROOT, 'scripts', 'start', 'register.cjs'), 'main.ts'];
      const env = { ...settings, ...more, CDKTF_OUTDIR: out };
      const ran = run(process.execPath, args, { cwd: ROOT, env });
      if (ran.status !== 0) throw new Error(ran.text);
      const { stacks } = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as {
        readonly stacks: Readonly<Record<string, { readonly workingDirectory: string }>>;
      };
      stack = join(out, stacks.kubernetes?.workingDirectory ?? '');
    },
    edit(change) {
      const file = join(stack, 'cdk.tf.json');
      writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')))));
    },
    stage(name, more = {}) {
      const file = join(__dirname, 'stage-process.ts');
      const env = { ...settings, ...more, TERRAFORM_BINARY_NAME: program, TSDB_DEPLOY_STACKS: 'kubernetes' };
      return run(process.execPath, ['--import', 'tsx', file, name, stack], { cwd: ROOT, env });
    },
    terraform(args, more = {}) {
      return run(program, [...args, '-no-color'], {
        cwd: stack,
        env: { ...settings, ...more },
      });
    },
  };
}
