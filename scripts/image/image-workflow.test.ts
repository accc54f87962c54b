import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { image } from '../../infra/app-image.json';
import { readConfig } from '../../infra/core/config';
import { ENVIRONMENTS } from '../../infra/environments';

const ROOT = join(__dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Job {
  readonly needs?: string;
  readonly if?: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly run?: string }[];
}

const workflow = parse(read('.github/workflows/image.yml')) as {
  readonly on: { readonly push: { readonly branches: unknown; readonly paths: readonly string[] } };
  readonly jobs: Readonly<Record<'build' | 'publish' | 'pin', Job>>;
};
const { build, publish, pin } = workflow.jobs;
const shellOf = ({ steps }: Job): string => steps.map(({ run = '' }) => run).join('\n');

describe('the workflow of the image', () => {
  it('runs for main and for versions, never for code of others', () => {
    expect(Object.keys(workflow.on)).toEqual(['push']);
    expect(workflow.on.push.branches).toEqual(['main']);
  });

  it('runs when what goes into the image changes, and not because of the pin', () => {
    const context = read('.dockerignore')
      .split('\n')
      .flatMap((rule) => (rule.startsWith('!') ? [rule.slice(1)] : []));
    expect([...workflow.on.push.paths].sort()).toEqual(['.dockerignore', 'Dockerfile', ...context].sort());
  });

  it('builds for both processors, with a list of contents and the origin', () => {
    expect(JSON.stringify(build)).toMatch(/"amd64".*"arm64"/);
    expect(shellOf(build)).toMatch(/--sbom=true --provenance=mode=max/);
  });

  it('proposes only a digest that is signed and verified, and only from main', () => {
    const shell = shellOf(publish);
    const steps = ['cosign sign', 'cosign verify', 'GITHUB_OUTPUT'].map((text) => shell.indexOf(text));
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(pin).toMatchObject({ needs: 'publish', if: "github.ref == 'refs/heads/main'" });
  });

  it('gives each job what it needs, and runs nothing of the repository where code can be written', () => {
    expect([build, publish, pin].map(({ permissions }) => permissions)).toEqual([
      { contents: 'read', packages: 'write' },
      { packages: 'write', 'id-token': 'write' },
      { contents: 'write', 'pull-requests': 'write' },
    ]);
    expect(shellOf(pin)).not.toMatch(/\b(npm|npx|node|docker|scripts)\b/);
  });
});

describe('the pin', () => {
  it('is written where every environment reads it, and yields to TSDB_APP_IMAGE', () => {
    expect(shellOf(pin)).toContain('>infra/app-image.json');
    for (const TSDB_DEPLOY_ENVIRONMENT of Object.keys(ENVIRONMENTS)) {
      const config = (env = {}) => readConfig({ TSDB_DEPLOY_ENVIRONMENT, ...env }).kubernetes.appImage;
      expect(config()).toBe(image);
      expect(config({ TSDB_APP_IMAGE: 'registry.example.org/tsdb:1' })).toBe('registry.example.org/tsdb:1');
    }
  });

  it('has a form that the settings take, with the tag for people and the digest for the nodes', () => {
    const TSDB_APP_IMAGE = `ghcr.io/owner/repository:${'a'.repeat(40)}@sha256:${'0'.repeat(64)}`;
    expect(readConfig({ TSDB_APP_IMAGE }).kubernetes.appImage).toBe(TSDB_APP_IMAGE);
    expect(['', expect.stringContaining('@sha256:')]).toContainEqual(image);
  });
});
