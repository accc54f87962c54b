// Ends a child process when this process ends, even by SIGKILL, which leaves this process no time to do it.
import { spawn } from 'node:child_process';
import { SERVER_ENV } from './system-user';

/**
 * Watches over a child that was just started. A shell waits on a pipe from this process. When this process ends, the kernel closes
 * the pipe, and the shell stops the child. Returns what dismisses the guard; call it when the child has ended, because its
 * process number may then be given to another program.
 * @param folder a folder with throw-away data, which is removed after the child was stopped in this way.
 */
export function guardChild(pid: number | undefined, folder?: string): () => void {
  if (pid === undefined) return () => undefined;
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', String(pid), folder ?? ''], {
    cwd: '/',
    env: SERVER_ENV,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.once('error', () => undefined); // without a guard, the next start finds what was left
  guard.unref();
  (guard.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  return () => void guard.kill('SIGKILL');
}

const GUARD = `
read -r _
kill -INT "$1" 2>/dev/null
n=0
while kill -0 "$1" 2>/dev/null; do
  n=$((n + 1))
  if [ "$n" -eq 300 ]; then kill -QUIT "$1" 2>/dev/null; fi
  if [ "$n" -gt 350 ]; then break; fi
  sleep 0.1
done
if [ -n "$2" ]; then rm -rf -- "$2"; fi
`;
