// A plan as text that a person reads at a glance.
import type { EngineName, Impact, Plan, Step } from './model';

/** Marks text, e.g. with colours; each is the identity where there are none. */
export interface Paint {
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly red: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

const plain = (text: string): string => text;
export const noPaint: Paint = { green: plain, yellow: plain, red: plain, dim: plain, bold: plain };

const SIGN: Readonly<Record<Step['action'], string>> = { create: '+', change: '~', drop: '-', run: '>' };

/** `TimescaleDB 2.29.2 on PostgreSQL 17.11`, or what it is instead. */
export function describeEngine(server: {
  engine: EngineName;
  serverVersion: string;
  timescaledbVersion?: string;
}): string {
  return server.engine === 'timescaledb'
    ? `TimescaleDB ${server.timescaledbVersion} on PostgreSQL ${server.serverVersion}`
    : `PostgreSQL ${server.serverVersion} without TimescaleDB Community: features are emulated`;
}

/** The whole plan, grouped by object. */
export function formatPlan(plan: Plan, paint: Paint = noPaint): string {
  return [
    `${paint.bold('engine')}  ${describeEngine(plan.server)}, database ${plan.server.database}`,
    ...list('emulated', plan.emulated, paint),
    ...list('unavailable', plan.unavailable, paint),
    ...list('undeclared, left alone', plan.undeclared, paint),
    '',
    ...groups(plan.steps).flatMap(([object, steps]) => [
      paint.bold(object),
      ...steps.flatMap((step) => formatStep(step, paint)),
      '',
    ]),
    ...plan.refusals.flatMap(({ object, what, why, wayOut }) => [
      `${paint.red('!')} ${paint.bold(object)} ${what}`,
      `    why: ${why}`,
      `    way out: ${wayOut}`,
      '',
    ]),
    summary(plan, paint),
  ].join('\n');
}

function formatStep(step: Step, paint: Paint): readonly string[] {
  const color = { create: paint.green, change: paint.yellow, drop: paint.red, run: paint.dim }[step.action];
  const impact = step.impact ? `  ${paint.dim(formatImpact(step.impact))}` : '';
  return [
    `  ${color(SIGN[step.action])} ${step.summary}${impact}`,
    ...step.hazards.map(({ name, reason }) => `      ${paint.red(name)}: ${reason}`),
  ];
}

function formatImpact({ chunks, rows, bytes }: Impact): string {
  return `${chunks} chunks, ~${rows} rows, ${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function summary(plan: Plan, paint: Paint): string {
  if (plan.steps.length === 0 && plan.refusals.length === 0)
    return paint.green('In sync: the database is as declared.');
  const count = (action: Step['action']): number =>
    plan.steps.filter((step) => step.action === action).length;
  const hazards = [...new Set(plan.steps.flatMap((step) => step.hazards.map(({ name }) => name)))].sort();
  return [
    `${plan.steps.length} steps: ${count('create')} to create, ${count('change')} to change, ${count('drop')} to drop, ${count('run')} to run`,
    ...(plan.refusals.length > 0 ? [paint.red(`${plan.refusals.length} refused`)] : []),
    ...(hazards.length > 0 ? [paint.red(`needs --allow ${hazards.join(',')}`)] : []),
  ].join('; ');
}

function groups(steps: readonly Step[]): readonly (readonly [string, readonly Step[]])[] {
  const objects = [...new Set(steps.map((step) => step.object))];
  return objects.map((object) => [object, steps.filter((step) => step.object === object)]);
}

const list = (title: string, items: readonly string[], paint: Paint): readonly string[] =>
  items.map((item) => `${paint.dim(title)}  ${item}`);
