import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeUnless } from '../../db/local/testing/needs';
import { hasTerraform, terraform } from './testing/terraform';

const ROOT = join(__dirname, '..', '..');
const CDKTF = join(ROOT, 'node_modules', '.bin', 'cdktf');

describeUnless(
  hasTerraform ? undefined : 'terraform is not on PATH',
  'several deployments in one checkout',
  () => {
    let place: string;
    beforeAll(() => {
      place = mkdtempSync(join(tmpdir(), 'tsdb-checkout-'));
      const app = `node --import ${join(ROOT, 'node_modules', 'tsx', 'dist', 'loader.mjs')} ${join(__dirname, 'testing', 'small-app.ts')}`;
      writeFileSync(
        join(place, 'cdktf.json'),
        JSON.stringify({ language: 'typescript', app, projectId: 'x' }),
      );
      // What an earlier version of this repository left behind for another deployment.
      const old = join(place, 'cdktf.out', 'stacks', 'first', '.terraform');
      mkdirSync(old, { recursive: true });
      writeFileSync(
        join(old, 'terraform.tfstate'),
        JSON.stringify({
          version: 3,
          backend: { type: 'local', config: { path: '../../../other.tfstate' }, hash: 1 },
        }),
      );
    });
    afterAll(() => rmSync(place, { recursive: true, force: true }));

    function cdktf(args: readonly string[], settings: Readonly<Record<string, string>>) {
      const { PATH, HOME, TF_CLI_CONFIG_FILE } = process.env;
      const quiet = { CHECKPOINT_DISABLE: '1', TF_INPUT: '0', CI: '1' };
      const env = { PATH, HOME, TF_CLI_CONFIG_FILE, ...quiet, ...settings };
      const { status, stdout, stderr } = spawnSync(CDKTF, args, { cwd: place, env, encoding: 'utf8' });
      return { status, text: `${stdout}${stderr}` };
    }
    const deploy = (settings: Readonly<Record<string, string>>) =>
      cdktf(['deploy', 'first', 'second', '--auto-approve', '--skip-provider-lock'], settings);
    const inState = (name: string): unknown =>
      JSON.parse(readFileSync(join(place, `terraform.${name}.tfstate`), 'utf8')).resources.find(
        ({ mode }: { mode: string }) => mode === 'managed',
      ).instances[0].attributes.output.value.is;

    it('keep their states and folders apart, by the bare cdktf command', () => {
      const prod = { TSDB_DEPLOY_ENVIRONMENT: 'prod' };
      for (const settings of [{ TSDB_DEPLOY_NAME: 'aa' }, { TSDB_DEPLOY_NAME: 'bb' }, prod])
        expect(deploy(settings)).toMatchObject({ status: 0 });
      for (const stack of ['first', 'second'])
        expect(['aa-dev', 'bb-dev', 'tsdb-prod'].map((name) => inState(`${name}.${stack}`))).toEqual([
          'aa in dev',
          'bb in dev',
          'tsdb in prod',
        ]);
      const again = deploy({ TSDB_DEPLOY_NAME: 'aa' });
      expect(again.status).toBe(0);
      expect(again.text.match(/No changes\./g)).toHaveLength(2);
      expect(readdirSync(join(place, 'cdktf.out')).sort()).toEqual(
        expect.arrayContaining(['aa-dev', 'bb-dev', 'tsdb-prod']),
      );
      // The next synthesis deletes no folder of another deployment, with the providers in it.
      for (const name of ['aa-dev', 'bb-dev', 'tsdb-prod'])
        expect(existsSync(join(place, 'cdktf.out', name, 'first', '.terraform'))).toBe(true);
      expect(cdktf(['destroy', 'second', '--auto-approve'], { TSDB_DEPLOY_NAME: 'bb' })).toMatchObject({
        status: 0,
      });
      expect([inState('aa-dev.second'), existsSync(join(place, 'terraform.bb-dev.first.tfstate'))]).toEqual([
        'aa in dev',
        true,
      ]);
    }, 400_000);

    it('do not begin with an empty state when an account is set and there is a local state', () => {
      const moved = { TSDB_DEPLOY_NAME: 'aa', TSDB_DEPLOY_STATE_ACCOUNT: 'plantstate' };
      expect(cdktf(['synth'], moved)).toMatchObject({ status: 0 });
      const stack = join(place, 'cdktf.out', 'aa-dev', 'first');
      const file = join(stack, 'cdk.tf.json');
      const document = JSON.parse(readFileSync(file, 'utf8'));
      // The account would be asked over the network.
      delete document.terraform.backend;
      rmSync(join(stack, '.terraform'), { recursive: true });
      writeFileSync(file, JSON.stringify(document));
      expect(terraform(['init'], stack)).toMatchObject({ status: 0 });
      expect(terraform(['plan'], stack)).toEqual({
        status: 1,
        text: expect.stringContaining(
          'there is a local state in this checkout as well: terraform.aa-dev.first.tfstate. Move it',
        ),
      });
      rmSync(join(place, 'terraform.aa-dev.first.tfstate'));
      expect(terraform(['plan'], stack)).toMatchObject({ status: 0 });
    }, 60_000);
  },
);
