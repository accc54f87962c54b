// Formats a plan as text for a terminal.
import { counted, describeImpact } from '../core/quantities';
import { unreachable } from '../core/unreachable';
import type { Plan, ServerInfo, Step } from '../model';
import { shownSql } from './plan-document';

/** Functions that mark text, e.g. with colours; without colours they return it unchanged. */
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
/** If the width of the terminal is unknown. */
const DEFAULT_WIDTH = 100;

/** `TimescaleDB 2.29.2 on PostgreSQL 17.11`, Citus on PostgreSQL, or PostgreSQL without both. */
export function describeEngine(server: Omit<ServerInfo, 'database'>): string {
  switch (server.engine) {
    case 'timescaledb':
      return `TimescaleDB ${server.timescaledbVersion} on PostgreSQL ${server.serverVersion}`;
    case 'citus':
      return `Citus ${server.citusVersion} on PostgreSQL ${server.serverVersion}: features of TimescaleDB are emulated`;
    case 'postgres':
      return `PostgreSQL ${server.serverVersion} without TimescaleDB Community: features are emulated`;
    default:
      return unreachable(server.engine);
  }
}

export interface PlanLayout {
  /** Width in characters to which impact figures are aligned. */
  readonly width?: number | undefined;
  /** Whether to show the statements of each step. */
  readonly sql?: boolean | undefined;
}

/** The whole plan, grouped by object, with the impact at the right edge. */
export function formatPlan(plan: Plan, paint: Paint = noPaint, layout: PlanLayout = {}): string {
  return [
    `${paint.bold('engine')}  ${describeEngine(plan.server)}, database ${plan.server.database}`,
    ...list('emulated', plan.emulated, paint),
    ...list('unavailable', plan.unavailable, paint),
    ...list('distributed', plan.distributed, paint),
    ...list('undeclared, left alone', plan.undeclared, paint),
    ...plan.warnings.map((warning) => `${paint.red('warning')}  ${warning}`),
    '',
    ...stepGroups(plan.steps).flatMap(([object, steps]) => [
      paint.bold(object),
      ...steps.flatMap((step) => formatStep(step, paint, layout)),
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

/** Steps grouped by object, in the order in which the objects first appear. */
export function stepGroups(steps: readonly Step[]): readonly (readonly [string, readonly Step[]])[] {
  const objects = [...new Set(steps.map((step) => step.object))];
  return objects.map((object) => [object, steps.filter((step) => step.object === object)]);
}

/** The number of steps by action, or that the database is in sync. */
export function summaryOf(plan: Plan): string {
  if (plan.steps.length === 0 && plan.refusals.length === 0) return 'In sync: the database is as declared.';
  const count = (action: Step['action']): number =>
    plan.steps.filter((step) => step.action === action).length;
  return `${counted(plan.steps.length, 'step')}: ${count('create')} to create, ${count('change')} to change, ${count('drop')} to drop, ${count('run')} to run`;
}

/** Names of the hazards of a plan, for `--allow`. */
export function hazardNames(plan: Plan): readonly string[] {
  return [...new Set(plan.steps.flatMap((step) => step.hazards.map(({ name }) => name)))].sort();
}

/** The statements of a step, one per line or more, as `psql` takes them. */
export function formatSql(step: Step): readonly string[] {
  const how = step.transactional ? '' : '; each statement runs on its own';
  return [
    `-- ${step.id}${how}`,
    ...shownSql(step).map((sql) => (sql.startsWith('--') ? sql : `${sql};`)),
  ].flatMap((statement) => statement.split('\n'));
}

function formatStep(
  step: Step,
  paint: Paint,
  { width = DEFAULT_WIDTH, sql = false }: PlanLayout,
): readonly string[] {
  const color = { create: paint.green, change: paint.yellow, drop: paint.red, run: paint.dim }[step.action];
  const left = `  ${SIGN[step.action]} ${step.summary}`;
  const impact = step.impact ? describeImpact(step.impact) : '';
  const gap = impact === '' ? '' : ' '.repeat(Math.max(2, width - left.length - impact.length));
  return [
    `  ${color(SIGN[step.action])} ${step.summary}${gap}${paint.dim(impact)}`,
    ...step.hazards.map(({ name, reason }) => `      ${paint.red(name)}: ${reason}`),
    ...(sql ? formatSql(step).map((line) => paint.dim(`      ${line}`)) : []),
  ];
}

function summary(plan: Plan, paint: Paint): string {
  const hazards = hazardNames(plan);
  const isInSync = plan.steps.length === 0 && plan.refusals.length === 0;
  return [
    isInSync ? paint.green(summaryOf(plan)) : summaryOf(plan),
    ...(plan.warnings.length > 0 ? [paint.red(counted(plan.warnings.length, 'warning'))] : []),
    ...(plan.refusals.length > 0 ? [paint.red(`${plan.refusals.length} refused`)] : []),
    ...(hazards.length > 0 ? [paint.red(`needs --allow ${hazards.join(',')}`)] : []),
  ].join('; ');
}

const list = (title: string, items: readonly string[], paint: Paint): readonly string[] =>
  items.map((item) => `${paint.dim(title)}  ${item}`);
