// Formats a plan as Markdown, for a comment on a pull request.
import { describeImpact } from '../core/quantities';
import type { Plan, Step } from '../model';
import { describeEngine, formatSql, hazardNames, stepGroups, summaryOf } from './format';

const WORD: Readonly<Record<Step['action'], string>> = {
  create: 'create',
  change: 'change',
  drop: '**drop**',
  run: 'run',
};

/** A table of refusals, a table of steps, and the statements in a collapsed section. */
export function formatPlanMarkdown(plan: Plan): string {
  const hazards = hazardNames(plan);
  return [
    `### Schema plan for \`${plan.server.database}\``,
    '',
    `${summaryOf(plan)} — ${describeEngine(plan.server)}`,
    '',
    ...(hazards.length > 0 ? [`> ⚠️ Needs consent: \`--allow ${hazards.join(',')}\``, ''] : []),
    ...plan.warnings.flatMap((warning) => [`> ⚠️ ${cell(warning)}`, '']),
    ...refusals(plan),
    ...steps(plan),
    ...bullets('Emulated', plan.emulated),
    ...bullets('Unavailable here', plan.unavailable),
    ...bullets('Distributed', plan.distributed),
    ...bullets('Undeclared, left alone', plan.undeclared),
    `Fingerprint \`${plan.fingerprint.slice(0, 16)}\``,
    '',
  ].join('\n');
}

function refusals(plan: Plan): readonly string[] {
  if (plan.refusals.length === 0) return [];
  return [
    '| refused | why | way out |',
    '|---|---|---|',
    ...plan.refusals.map(
      ({ object, what, why, wayOut }) => `| ${code(object)} ${cell(what)} | ${cell(why)} | ${cell(wayOut)} |`,
    ),
    '',
  ];
}

function steps(plan: Plan): readonly string[] {
  if (plan.steps.length === 0) return [];
  const rows = stepGroups(plan.steps).flatMap(([object, group]) =>
    group.map((step, at) => {
      const dangers = step.hazards.map(({ name, reason }) => `**${name}**: ${cell(reason)}`).join('<br>');
      return `| ${at === 0 ? code(object) : ''} | ${WORD[step.action]} | ${cell(step.summary)} | ${dangers} | ${step.impact ? describeImpact(step.impact) : ''} |`;
    }),
  );
  const statements = plan.steps.flatMap(formatSql);
  // The fence has four backticks, because a statement may contain three.
  return [
    '| object | | what | hazards | impact |',
    '|---|---|---|---|---:|',
    ...rows,
    '',
    '<details><summary>Statements</summary>',
    '',
    '````sql',
    ...statements,
    '````',
    '',
    '</details>',
    '',
  ];
}

function bullets(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`**${title}**`, '', ...items.map((item) => `- ${cell(item)}`), ''];
}

/** A name as code. Names can contain any text, and a pipe or a line break would end a table cell. */
export const code = (text: string): string =>
  `\`${text.replaceAll('`', '').replaceAll('|', '\\|').replaceAll(/\s/g, ' ')}\``;

/** Text for a table cell. A pipe or a line break would end the cell, and an angle bracket could open a tag. */
export const cell = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
