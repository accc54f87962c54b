// A plan of Terraform as Markdown for a pull request. Losses of data come first; values are never shown.
import { cell, code } from '../../../db/reconcile/format-markdown';
import type { DataLoss } from './plan-guard';
import type { ChangeKind } from './plan-json';
import type { InfrastructurePlan, ResourceChange } from './plan-model';

/** What the page says besides the plan. */
export interface PlanPage {
  readonly title: string;
  readonly plan: InfrastructurePlan;
  readonly losses: readonly DataLoss[];
  /** Addresses whose loss is consented to. */
  readonly allowed: readonly string[];
}

/** The loudest first. */
const WORD: Readonly<Record<ChangeKind, string>> = {
  delete: '**destroy**',
  replace: '**replace**',
  forget: '**forget**',
  update: 'change',
  create: 'create',
  read: 'read',
  none: 'move',
};

const LOUDEST_FIRST = Object.keys(WORD) as readonly ChangeKind[];

/** One table of resources with the counts above it; refusals on top. */
export function formatInfrastructurePlan({ title, plan, losses, allowed }: PlanPage): string {
  return [
    `### ${title}`,
    '',
    countsOf(plan),
    '',
    ...lossTable(losses, allowed),
    ...changeTable(plan.changes),
    ...driftList(plan.drift),
    ...(plan.outputs.length > 0 ? [`Outputs that change: ${plan.outputs.map(code).join(', ')}`, ''] : []),
    `Fingerprint \`${plan.fingerprint.slice(0, 16)}\``,
    '',
  ].join('\n');
}

/** `2 to destroy, 1 to replace` and so on, loudest first. */
export function countsOf({ changes, outputs }: InfrastructurePlan): string {
  const counted = LOUDEST_FIRST.flatMap((kind) => {
    const count = changes.filter((change) => change.kind === kind).length;
    return count > 0 ? [`${count} to ${WORD[kind]}`] : [];
  });
  if (counted.length > 0) return counted.join(', ');
  return outputs.length > 0 ? 'Only outputs change.' : 'Nothing to change.';
}

function lossTable(losses: readonly DataLoss[], allowed: readonly string[]): readonly string[] {
  if (losses.length === 0) return [];
  const isAllowed = ({ change }: DataLoss): boolean => allowed.includes(change.address);
  const refused = losses.filter((loss) => !isAllowed(loss)).length;
  const consequence =
    refused > 0 ? '**This plan is refused.**' : 'All of it is consented to by name; it will be carried out.';
  return [
    '> [!CAUTION]',
    `> This plan takes data away. ${consequence}`,
    '',
    '| | resource | lost | consent |',
    '|---|---|---|---|',
    ...losses.map(
      (loss) =>
        `| ${WORD[loss.change.kind]} | ${code(loss.change.address)} | ${cell(loss.lost)} | ${isAllowed(loss) ? 'given' : '**missing**'} |`,
    ),
    '',
  ];
}

function changeTable(changes: readonly ResourceChange[]): readonly string[] {
  if (changes.length === 0) return [];
  const sorted = [...changes].sort(
    (one, other) =>
      LOUDEST_FIRST.indexOf(one.kind) - LOUDEST_FIRST.indexOf(other.kind) ||
      (one.address < other.address ? -1 : 1),
  );
  return [
    '| | resource | what changes |',
    '|---|---|---|',
    ...sorted.map((change) => `| ${WORD[change.kind]} | ${code(change.address)} | ${detailOf(change)} |`),
    '',
  ];
}

function detailOf({ kind, attributes, movedFrom }: ResourceChange): string {
  const names = attributes.map(code).join(', ');
  const why = kind === 'replace' && names !== '' ? `because of ${names}` : names;
  return [why, movedFrom === undefined ? '' : `was ${code(movedFrom)}`]
    .filter((part) => part !== '')
    .join('; ');
}

function driftList(drift: readonly ResourceChange[]): readonly string[] {
  if (drift.length === 0) return [];
  const lines = drift.map(({ address, kind, attributes }) => {
    const what =
      kind === 'delete'
        ? 'is gone'
        : `was changed${attributes.length > 0 ? ': ' : ''}${attributes.map(code).join(', ')}`;
    return `- ${code(address)} ${what}`;
  });
  return ['**Changed outside of Terraform**', '', ...lines, ''];
}
