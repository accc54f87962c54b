// For tests: what a workflow of GitHub must not do, as rules over its text and its parsed content.
import { parse } from 'yaml';

/** One broken rule and where. */
export type Fault = string;

interface Job {
  readonly uses?: string;
  readonly permissions?: unknown;
  readonly 'timeout-minutes'?: unknown;
  readonly concurrency?: { readonly 'cancel-in-progress'?: unknown };
  readonly environment?: unknown;
  readonly steps?: readonly {
    readonly run?: string;
    readonly uses?: string;
    readonly with?: Readonly<Record<string, unknown>>;
  }[];
}

interface Workflow {
  readonly on?: Readonly<Record<string, { readonly types?: readonly string[] } | null>> | null;
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Keys of the API, made by its own command; nothing of a cloud. */
const ALLOWED_SECRETS = ['TSDB_API_KEY', 'TSDB_API_WRITE_KEY', 'TSDB_API_ADMIN_KEY'];

/** Names under which clouds and databases are logged in to for good. Docker reads the token of a run by --password-stdin. */
const LONG_LIVED =
  /client[_-]?secret|azure_credentials|\bcreds\b|access[_-]?key|sas[_-]?token|pgpassword|password(?!-stdin)|private[_-]?key|\bpat\b/i;

/** Every fault of a workflow; none when it is fine. */
export function workflowFaults(text: string): readonly Fault[] {
  const workflow = parse(text) as Workflow;
  return [
    ...textFaults(text),
    ...targetFaults(text, workflow),
    ...(Object.keys((workflow.permissions as object | undefined) ?? { none: '' }).length > 0
      ? ['permissions: nothing is taken away for all jobs']
      : []),
    ...Object.entries(workflow.jobs).flatMap(([name, job]) =>
      jobFaults(job).map((fault) => `${name}: ${fault}`),
    ),
  ];
}

/** Faults that any pipeline file can have, whatever host it is for. */
export function textFaults(text: string): readonly Fault[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line));
  const secrets = [...text.matchAll(/secrets\.(\w+)/g)].map(([, name]) => name as string);
  return [
    ...(/workflow_run\b/.test(text) ? ['a trigger that gives code of others rights'] : []),
    ...(/\bsecrets: inherit\b/.test(text) ? ['passes every secret on; name each of them'] : []),
    ...lines
      .flatMap((line) => /^\s*(?:image|container): (.*)$/.exec(line)?.[1] ?? [])
      .filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image))
      .map((image) => `image without a digest: ${image}`),
    ...lines.filter((line) => LONG_LIVED.test(line)).map((line) => `a long-lived login: ${line.trim()}`),
    ...secrets.filter((name) => !ALLOWED_SECRETS.includes(name)).map((name) => `secret ${name}`),
    ...[...text.matchAll(/uses: (.*)$/gm)]
      .map(([, action]) => action as string)
      .filter((action) => !/^(\.\/\S+|[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/.test(action))
      .map((action) => `not pinned: ${action}`),
  ];
}

/**
 * The event pull_request_target has the rights of main. It may only say that a pull request is closed, and only code of main may
 * run then.
 */
function targetFaults(text: string, { on, jobs }: Workflow): readonly Fault[] {
  const target = on?.pull_request_target;
  if (target === undefined) return [];
  const checkouts = Object.values(jobs)
    .flatMap(({ steps = [] }) => steps)
    .filter(({ uses }) => uses?.startsWith('actions/checkout@'));
  return [
    ...(`${target?.types}` === 'closed' ? [] : ['a trigger that gives code of others rights']),
    ...(checkouts.every((step) => step.with?.ref === MAIN)
      ? []
      : ['with the rights of main, other code than that of main']),
    ...(/head_ref|pull_request\.(head\.(ref|sha|label)|title|body)|refs\/pull/.test(text)
      ? ['with the rights of main, text or code of a pull request']
      : []),
  ];
}

const MAIN = `\${{ github.event.repository.default_branch }}`;

function jobFaults(job: Job): readonly Fault[] {
  const runs = (job.steps ?? []).flatMap(({ run }) => (run === undefined ? [] : [run]));
  const changes = runs.some((run) => /pipeline:(deploy|destroy)\b/.test(run));
  return [
    ...(job.permissions === undefined ? ['no permissions of its own'] : []),
    ...(job.uses === undefined && job['timeout-minutes'] === undefined ? ['no timeout'] : []),
    ...runs.filter((run) => run.includes('${{')).map((run) => `an expression in shell text: ${run.trim()}`),
    ...(changes && job.concurrency?.['cancel-in-progress'] !== false
      ? ['changes a deployment and may be run twice at a time, or be cut off']
      : []),
    ...(changes && job.environment === undefined ? ['changes a deployment without approval'] : []),
  ];
}
