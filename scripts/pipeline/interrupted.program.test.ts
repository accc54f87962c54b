// A deployment that is interrupted on a terminal, with the real Terraform in the middle of a resource.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type IPty, spawn } from '@cdktf/node-pty-prebuilt-multiarch';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { hasTerraform } from './testing/real-terraform';

const ROOT = join(__dirname, '..', '..');

describeUnless(hasTerraform ? undefined : 'terraform is not on PATH', 'a deployment on a terminal', () => {
  let folder: string;
  let terminal: IPty;
  let ended: Promise<number>;
  let said: string;

  const configuration = (name: string, resources: object): void => {
    mkdirSync(join(folder, name));
    const document = { resource: { terraform_data: resources } };
    writeFileSync(join(folder, name, 'main.tf.json'), JSON.stringify(document));
  };

  beforeEach(async () => {
    folder = temporaryFolder();
    said = '';
    const command = `touch begun; until [ -e go ]; do sleep 0.1; done; touch finished`;
    configuration('first', {
      before: { input: 'a' },
      slow: { input: `\${terraform_data.before.id}`, provisioner: [{ 'local-exec': { command } }] },
      after: { input: `\${terraform_data.slow.id}` },
    });
    configuration('second', { other: { input: 'b' } });
    terminal = spawn(
      process.execPath,
      ['--import', 'tsx', join(__dirname, 'testing', 'deploy-folder.ts'), folder],
      {
        cwd: ROOT,
        cols: 400,
        env: { PATH: process.env.PATH ?? '', HOME: folder, NO_COLOR: '1' },
      },
    );
    terminal.onData((text) => {
      said += text;
    });
    ended = new Promise((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
    await until(() => existsSync(join(folder, 'first', 'begun')));
  });
  afterEach(() => {
    // Whatever a failed test has left waiting.
    writeFileSync(join(folder, 'first', 'go'), '');
    removeFolder(folder);
  });

  const pressCtrlC = (): void => terminal.write('\x03');
  const letFinish = (): void => writeFileSync(join(folder, 'first', 'go'), '');
  const hears = (text: string): Promise<void> => until(() => said.includes(text));
  const lock = (): string => join(folder, 'first', '.terraform.tfstate.lock.info');

  /** The resources in the state of the first stack; a failed one is `tainted`. */
  function recorded(): Readonly<Record<string, string>> {
    const { resources } = JSON.parse(readFileSync(join(folder, 'first', 'terraform.tfstate'), 'utf8')) as {
      readonly resources: readonly {
        readonly name: string;
        readonly instances: readonly { readonly status?: string }[];
      }[];
    };
    return Object.fromEntries(resources.map(({ name, instances }) => [name, instances[0]?.status ?? 'good']));
  }
  const everything = { after: 'good', before: 'good', slow: 'good' };
  const isOver = (): Promise<void> =>
    until(() => !existsSync(lock()) && existsSync(join(folder, 'first', 'finished')));

  it('finishes what Terraform is doing after Ctrl-C, and begins nothing after that', async () => {
    pressCtrlC();
    await hears('It finishes them, writes its state and releases its lock');
    expect(existsSync(lock())).toBe(true);
    letFinish();
    expect(await ended).toBe(130);
    expect(recorded()).toEqual(everything);
    expect(existsSync(lock())).toBe(false);
    expect(existsSync(join(folder, 'second', 'terraform.tfstate'))).toBe(false);
    expect(said).toContain('Terraform has ended and has released its lock');
  }, 60_000);

  it('asks Terraform to stop after a second Ctrl-C, and the state has what was made', async () => {
    pressCtrlC();
    await hears('Ctrl-C again asks it to stop earlier');
    // A second press within a second counts as the first one, which npm and tsx pass on.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    pressCtrlC();
    await hears('Terraform was asked to stop');
    expect(await ended).toBe(130);
    expect(recorded()).toEqual({ before: 'good', slow: 'tainted' });
    expect(existsSync(lock())).toBe(false);
  }, 60_000);

  it('asks Terraform to stop at once on SIGTERM', async () => {
    process.kill(terminal.pid, 'SIGTERM');
    expect(await ended).toBe(130);
    expect(recorded()).toEqual({ before: 'good', slow: 'tainted' });
    expect(existsSync(lock())).toBe(false);
  }, 60_000);

  it.each(['SIGHUP', 'SIGKILL'])(
    'goes on without a terminal or without us: %s',
    async (signal) => {
      process.kill(terminal.pid, signal);
      if (signal === 'SIGKILL') await ended;
      letFinish();
      await isOver();
      expect(recorded()).toEqual(everything);
      expect(existsSync(join(folder, 'second', 'terraform.tfstate'))).toBe(false);
    },
    60_000,
  );
});

async function until(isTrue: () => boolean): Promise<void> {
  const end = Date.now() + 50_000;
  while (!isTrue()) {
    if (Date.now() > end) throw new Error('it did not happen within 50 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
