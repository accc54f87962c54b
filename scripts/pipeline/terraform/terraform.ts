// Terraform on the folder of one synthesised stack.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture, show, succeed } from '../child';
import { cloudEnvironment } from '../cloud-login';
import type { StageRun } from '../stage';
import { showToItsEnd } from './apply-process';
import { requireIntactState } from './intact-state';
import { type InfrastructurePlan, parsePlan } from './plan-model';

/** What is planned. */
export interface PlanRequest {
  /** `destroy` takes the whole stack away. */
  readonly mode: 'apply' | 'destroy';
  readonly lock: 'take' | 'leave';
  /** Whether each resource is read first. */
  readonly refresh: boolean;
}

/** Values of the outputs of a stack that are not secret, as text. */
export type Outputs = Readonly<Record<string, string>>;

/** A plan and what can be done with it. */
export interface SavedPlan {
  readonly plan: InfrastructurePlan;
  /** Carries out exactly this plan. */
  apply(): Promise<unknown>;
  outputs(): Promise<Outputs>;
}

/**
 * Plans, passes the plan to `use`, and removes its file afterwards, because a plan contains secret values.
 * @throws UsageError when Terraform fails, which has printed the reason.
 */
export async function withPlan<T>(
  folder: string,
  { mode, lock, refresh }: PlanRequest,
  run: StageRun,
  use: (saved: SavedPlan) => Promise<T>,
): Promise<T> {
  const { act, look, change, read, outputs } = terraformIn(folder, run);
  const place = mkdtempSync(join(tmpdir(), 'tsdb-plan-'));
  const file = join(place, 'stack.tfplan');
  try {
    requireIntactState(folder, run.env);
    await act('init');
    await (lock === 'take' ? look : act)(
      'plan',
      `-out=${file}`,
      `-lock=${lock === 'take'}`,
      ...(lock === 'take' ? ['-lock-timeout=5m'] : []),
      ...(mode === 'destroy' ? ['-destroy'] : []),
      ...(refresh ? [] : ['-refresh=false']),
    );
    const plan = parsePlan(await read('show', '-json', file));
    return await use({ plan, apply: () => change('apply', '-lock-timeout=5m', file), outputs });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The outputs of a stack that is deployed, without planning. */
export async function stackOutputs(folder: string, run: StageRun): Promise<Outputs> {
  const { act, outputs } = terraformIn(folder, run);
  await act('init');
  return outputs();
}

/** How many resources Terraform has made and still has in the state; none when there is no state. */
export async function resourcesInState(folder: string, run: StageRun): Promise<number> {
  requireIntactState(folder, run.env);
  const { act, read } = terraformIn(folder, run);
  await act('init');
  const text = await read('state', 'pull');
  if (text.trim() === '') return 0;
  const { resources } = JSON.parse(text) as { resources: readonly { readonly mode: string }[] };
  return resources.filter(({ mode }) => mode === 'managed').length;
}

function terraformIn(folder: string, { env, signal }: StageRun) {
  const run = { folder, env: cloudEnvironment(env), signal };
  const program = env.TERRAFORM_BINARY_NAME || 'terraform';
  const by =
    (way: typeof show) =>
    (command: string, ...args: readonly string[]): Promise<string> =>
      succeed(`terraform ${command}`, way(program, [command, '-input=false', '-no-color', ...args], run));
  const act = by(show);
  const look = by((name, flags, given) => showToItsEnd(name, flags, { ...given, does: 'looks' }));
  const change = by((name, flags, given) => showToItsEnd(name, flags, { ...given, does: 'changes' }));
  const read = (command: string, ...args: readonly string[]): Promise<string> =>
    succeed(`terraform ${command}`, capture(program, [command, ...args], run));
  return { act, look, change, read, outputs: async () => openOutputs(await read('output', '-json')) };
}

type RawOutputs = Record<string, { readonly sensitive: boolean; readonly value: unknown }>;

function openOutputs(text: string): Outputs {
  return Object.fromEntries(
    Object.entries(JSON.parse(text) as RawOutputs).flatMap(([name, { sensitive, value }]) =>
      !sensitive && typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}
