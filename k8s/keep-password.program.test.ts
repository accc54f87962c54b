import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { KEEP_PASSWORD } from './keep-password';
import { synthesiseKubernetes } from './testing/deployments';
import { containerOf, podOf } from './testing/pods';

describe('the container that keeps the password of the superuser', () => {
  const container = containerOf(podOf(synthesiseKubernetes(), 'kubernetes_stateful_set_v1'), 'password');

  it('has nothing that Terraform, Kubernetes or the list of processes would replace or show', () => {
    expect(container.command).toEqual(['sh', '-c', KEEP_PASSWORD]);
    expect(KEEP_PASSWORD).not.toMatch(/\$\{|%\{|\$\$|\$\([A-Za-z_][A-Za-z0-9_]*\)/);
  });

  it('sees what it needs: the password, and the folders of the server and its socket', () => {
    expect(container.volume_mount.map(({ mount_path }) => mount_path)).toEqual([
      '/run/secrets/tsdb',
      '/tmp',
      '/var/run/postgresql',
    ]);
  });

  it('ends at once when it is told to', async () => {
    const script = KEEP_PASSWORD.replace('/tmp/password-kept', '/dev/null');
    const shell = spawn('sh', ['-c', `sleep() { echo asleep; command sleep 5; }\n${script}`], {
      env: { PATH: process.env.PATH, PGPASSWORD_FILE: '/dev/null' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(shell, 'exit');
    await once(shell.stdout, 'data');
    shell.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    // Its last sleep still has the other end.
    shell.stdout.destroy();
  });
});
