import { readConfig } from './core/config';
import { synthesiseApp } from './core/testing/synthesise';
import { buildApp } from './main';

const HASH = 'f'.repeat(64);

function synthesise(env: Record<string, string> = {}) {
  return synthesiseApp((outdir) => buildApp(readConfig(env), HASH, outdir));
}

describe('buildApp', () => {
  it('builds the stacks azure and kubernetes, without any setting', () => {
    expect(Object.keys(synthesise()).sort()).toEqual(['azure', 'kubernetes']);
  });

  it('gives the same bytes twice', () => {
    expect(synthesise()).toEqual(synthesise());
  });

  it('leaves required values to Terraform, each in its own stack only, and never to a prompt', () => {
    const { azure, kubernetes } = synthesise();
    expect(Object.keys(azure?.variable ?? {})).toEqual(['ssh_public_key']);
    expect(Object.keys(kubernetes?.variable ?? {})).toEqual(['app_image']);
    for (const variable of [azure?.variable.ssh_public_key, kubernetes?.variable.app_image]) {
      expect(variable).toMatchObject({
        default: '',
        nullable: false,
        validation: [{ error_message: expect.stringContaining('Set TSDB_') }],
      });
    }
  });

  it('takes the required values from the settings too', () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5';
    const { azure, kubernetes } = synthesise({
      TSDB_DEPLOY_SSH_PUBLIC_KEY: key,
      TSDB_APP_IMAGE: 'registry.example.org/tsdb:1',
    });
    expect(azure?.variable.ssh_public_key?.default).toBe(key);
    expect(kubernetes?.variable.app_image?.default).toBe('registry.example.org/tsdb:1');
  });

  it('pins Terraform and every provider', () => {
    for (const stack of Object.values(synthesise())) {
      const { required_version, required_providers } = JSON.parse(stack.text).terraform;
      expect(required_version).toBe('>= 1.11.0');
      for (const provider of Object.values<{ version?: string }>(required_providers))
        expect(provider.version).toMatch(/\d/);
    }
  });
});
