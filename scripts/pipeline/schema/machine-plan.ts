// Plans the schema on the machine of the azure stack by a run command, which needs no open port and no key but the stage's login.
import { UsageError } from '../../../db/core/errors';
import { capture } from '../child';
import type { StageRun } from '../stage';

/** What `tsdb plan` said there. */
export interface MachinePlan {
  readonly inSync: boolean;
  /** The start of the page, because Azure passes on 4 KB only. */
  readonly markdown: string;
}

/** The tsdb command of the release that runs on the machine. */
export const MACHINE_COMMAND = '/srv/tsdb/current/tsdb.sh';

// Azure reports whether the script ran but not its exit code, and it cuts long output, so the script prints the code first.
const SCRIPT = [
  `page=$(${MACHINE_COMMAND} plan --detailed-exitcode --format markdown)`,
  'code=$?',
  'echo "tsdb-plan-exit=$code"',
  'printf "%s\\n" "$page" | head -c 3500',
].join('\n');

/**
 * Asks the machine; it plans with the schema that it was deployed with.
 * @param machineId resource id of the machine
 * @throws UsageError when Azure or the machine does not answer as expected.
 */
export async function planOnMachine(machineId: string, { env, signal }: StageRun): Promise<MachinePlan> {
  const args = ['vm', 'run-command', 'invoke', '--ids', machineId, '--command-id', 'RunShellScript'];
  const { code, stdout } = await capture('az', [...args, '--scripts', SCRIPT, '--output', 'json'], {
    folder: '.',
    env,
    signal,
  });
  if (code !== 0)
    throw new UsageError(`the machine could not be asked: az ended with ${code}; what it says is above`);
  const message = messageOf(stdout);
  const [, end, rest = ''] = /tsdb-plan-exit=(\d+)\n?(.*)/s.exec(message) ?? [];
  // A run command wraps the two streams of the script in these words.
  const markdown = rest.split('\n[stderr]')[0]?.trim() ?? '';
  if (end === '0') return { inSync: true, markdown };
  if (end === '2' || end === '3') return { inSync: false, markdown };
  throw new UsageError(`"tsdb plan" failed on the machine: ${message.trim().slice(-500)}`);
}

function messageOf(stdout: string): string {
  try {
    const { value } = JSON.parse(stdout) as { readonly value?: readonly { readonly message?: string }[] };
    return value?.[0]?.message ?? '';
  } catch {
    return stdout;
  }
}
