// tsdb move: carry a live database to another one while writers go on, and cut over.
import { RefusedError, UsageError } from '../../db/core/errors';
import { confirm } from '../confirm';
import { readContext, requireConnection } from '../context';
import { abortMove, move, readMove } from '../move/move';
import { withPair } from '../move/sessions';
import { placeOf } from '../move/target-address';
import { note, noteUnlessBar, type Progress, print, printJson, progressBar } from '../output';

export interface MoveFlags {
  readonly to: string;
  readonly cutOver?: boolean;
  readonly cutOverLimit: number;
  readonly verify?: boolean;
  readonly abort?: boolean;
  readonly status?: boolean;
  readonly workers: number;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** Moves as far as it may. Exit code 0; 3 when something is in the way. */
export async function moveTo(flags: MoveFlags, signal: AbortSignal): Promise<number> {
  if (flags.abort && (flags.cutOver || flags.status))
    throw new UsageError('--abort ends the move, so leave out --cut-over and --status');
  const { config, desired } = readContext();
  const target = placeOf(flags.to);
  const addresses = { source: requireConnection(config), target: flags.to };
  if (flags.status) return withPair(addresses, async (pair) => tellStatus(await readMove(pair), flags));
  if (flags.abort)
    return withPair(addresses, async (pair) => tellAbort(await abortMove(pair, target), flags));
  const begun = (await withPair(addresses, readMove))?.stage ?? 'prepare';
  if (begun === 'prepare' && !flags.yes && !(await agrees(BEGIN, signal)))
    throw new RefusedError('nothing was changed');
  let bar: Progress | undefined;
  noteUnlessBar(`moving to ${target}`);
  const report = await move({
    addresses,
    target,
    desired,
    workers: flags.workers,
    verify: flags.verify === true,
    limitMs: flags.cutOverLimit * 1_000,
    lockWaitMs: config.lockWaitMs,
    mayCutOver: async () => {
      bar?.stop();
      return flags.cutOver === true || (process.stdin.isTTY === true && (await agrees(CUT_OVER, signal)));
    },
    signal,
    onNote: note,
    onProgress: (copied, total) => {
      bar ??= progressBar('copying', total, 'rows', { from: copied, hasRate: true });
      bar.advanceTo(Math.min(copied, total));
    },
  }).finally(() => bar?.stop());
  if (flags.json) printJson({ version: 1, target, ...report });
  else
    print(
      report.stage === 'done'
        ? `moved to ${target}: writers waited ${report.pauseMs} ms. Give its address to every program, and apply logins there: roles that log in are not moved`
        : `the target has caught up, and changes of the source go on being noted. Run the same command with --cut-over to finish, or with --abort to end the move`,
    );
  return 0;
}

const BEGIN =
  'The source gets triggers that note every change, which slows its writers down a little; writers go on. Type "yes" to begin: ';
const CUT_OVER = 'The target has caught up. Writers will wait for some seconds. Type "yes" to cut over: ';

/** @throws RefusedError when there is nobody to ask. */
async function agrees(question: string, signal: AbortSignal): Promise<boolean> {
  if (process.stdin.isTTY !== true)
    throw new RefusedError(
      'nothing was changed, because there is no terminal to ask for confirmation; add --yes',
    );
  return confirm(question, signal, { input: process.stdin, output: process.stderr });
}

function tellStatus(status: Awaited<ReturnType<typeof readMove>>, { json }: MoveFlags): number {
  if (json) printJson({ version: 1, move: status ?? null });
  else if (status === undefined) print('no move is under way');
  else
    print(
      `move to ${status.target}, begun ${status.startedAt}: stage ${status.stage}, ${status.copied} of ${status.parts} ranges copied (${status.copiedRows} rows), ${status.changes} changes to carry`,
    );
  return 0;
}

function tellAbort(was: boolean, { json }: MoveFlags): number {
  if (json) printJson({ version: 1, aborted: was });
  else
    print(
      was
        ? 'the move has ended: the source is as it was. The target keeps the rows that it has, and its jobs stay paused; drop that database, or empty it before another move'
        : 'no move is under way: nothing was changed',
    );
  return 0;
}
