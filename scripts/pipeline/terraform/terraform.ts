// Terraform on the folder of one synthesised stack.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../../db/core/errors';
import { type ChildEnd, capture, show } from '../child';
import { cloudEnvironment } from '../cloud-login';
import type { StageRun } from '../stage';
import { type InfrastructurePlan, parsePlan } from './plan-model';

/** What is planned. */
export interface PlanRequest {
  /** `destroy` takes the whole stack away. */
  readonly mode: 'apply' | 'destroy';
  /** A plan that is not applied takes no lock, so its login needs no right to write, and it blocks nobody. */
  readonly lock: 'take' | 'leave';
  /** Whether each resource is read first; yes unless said otherwise. */
  readonly refresh?: boolean;
}

/** A plan and what can be done with it. */
export interface SavedPlan {
  readonly plan: InfrastructurePlan;
  /** Carries out exactly this plan. */
  apply(): Promise<void>;
  /** Values of the outputs that are not secret, as text. */
  outputs(): Promise<Readonly<Record<string, string>>>;
}

/**
 * Plans, passes the plan to `use`, and removes its file afterwards, because a plan contains secret values.
 * @throws UsageError when Terraform fails, which has printed the reason.
 */
export async function withPlan<T>(
  folder: string,
  { mode, lock, refresh = true }: PlanRequest,
  run: StageRun,
  use: (saved: SavedPlan) => Promise<T>,
): Promise<T> {
  const { terraform, read } = terraformIn(folder, run);
  const place = mkdtempSync(join(tmpdir(), 'tsdb-plan-'));
  const file = join(place, 'stack.tfplan');
  try {
    await terraform(['init', '-input=false', '-no-color']);
    await terraform([
      'plan',
      '-input=false',
      '-no-color',
      `-out=${file}`,
      `-lock=${lock === 'take'}`,
      ...(lock === 'take' ? ['-lock-timeout=5m'] : []),
      ...(mode === 'destroy' ? ['-destroy'] : []),
      ...(refresh ? [] : ['-refresh=false']),
    ]);
    return await use({
      plan: parsePlan(await read(['show', '-json', file])),
      apply: () => terraform(['apply', '-input=false', '-no-color', '-lock-timeout=5m', file]),
      outputs: async () => openOutputs(await read(['output', '-json'])),
    });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** Values of the outputs of a stack that is deployed, without planning. */
export async function stackOutputs(
  folder: string,
  { env, signal }: StageRun,
): Promise<Readonly<Record<string, string>>> {
  const { terraform, read } = terraformIn(folder, { env, signal });
  await terraform(['init', '-input=false', '-no-color']);
  return openOutputs(await read(['output', '-json']));
}

function terraformIn(folder: string, { env, signal }: StageRun) {
  const run = { folder, env: cloudEnvironment(env), signal };
  const program = env.TERRAFORM_BINARY_NAME || 'terraform';
  return {
    terraform: async (args: readonly string[]): Promise<void> => {
      failUnlessZero(args, await show(program, args, run));
    },
    read: async (args: readonly string[]): Promise<string> => {
      const end = await capture(program, args, run);
      failUnlessZero(args, end);
      return end.stdout;
    },
  };
}

function failUnlessZero(args: readonly string[], { code }: ChildEnd): void {
  if (code !== 0) throw new UsageError(`terraform ${args[0]} failed (${code}); what it says is above`);
}

function openOutputs(text: string): Readonly<Record<string, string>> {
  const outputs = JSON.parse(text) as Record<
    string,
    { readonly sensitive: boolean; readonly value: unknown }
  >;
  return Object.fromEntries(
    Object.entries(outputs).flatMap(([name, { sensitive, value }]) =>
      !sensitive && typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}
