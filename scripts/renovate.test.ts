// Whatever is pinned is found by renovate.json. Its form and what it extracts were checked with Renovate 44.121 itself.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CADDY_IMAGE, IMAGE_FLAVOURS, NODE_IMAGE, POOLER_IMAGE, RANDOM_PROVIDER } from '../infra/core/pins';
import packageJson from '../package.json';
import config from '../renovate.json';

const ROOT = join(__dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PINNED = [IMAGE_FLAVOURS.alpine.image, IMAGE_FLAVOURS.ha.image, NODE_IMAGE, CADDY_IMAGE, POOLER_IMAGE];

/** Whether a manager of ours looks into a file; its patterns have no wildcard but `*`. */
const looksInto = (
  { managerFilePatterns }: { managerFilePatterns: readonly string[] },
  path: string,
): boolean =>
  managerFilePatterns.some((pattern) =>
    new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`).test(path),
  );

/** All values that the managers of ours find in a file, as `name:version`. */
const found = (path: string): readonly string[] =>
  config.customManagers
    .filter((manager) => looksInto(manager, path))
    .flatMap(({ matchStrings, ...manager }) =>
      matchStrings.flatMap((text) =>
        [...read(path).matchAll(new RegExp(text, 'g'))].map(({ groups = {} }) => {
          const name = groups.depName ?? ('depNameTemplate' in manager ? manager.depNameTemplate : '');
          return `${name}:${groups.currentValue}${groups.currentDigest ? `@${groups.currentDigest}` : ''}`;
        }),
      ),
    );

describe('renovate.json', () => {
  it('finds every pin of the deployment', () => {
    const { source, version } = RANDOM_PROVIDER;
    expect([...found('infra/core/pins.ts')].sort()).toEqual([...PINNED, `${source}:${version}`].sort());
    expect(found('scripts/pipeline/azure/prepare.yml')).toEqual([
      expect.stringMatching(/^hashicorp\/terraform:\d/),
    ]);
  });

  it('knows every file that names one of these images', () => {
    const names = PINNED.flatMap((image) => ['-e', `\\b${image.replace(/(?<=:).*/, '')}(pg)?[0-9]`]);
    const files = execFileSync('git', ['grep', '--name-only', '--perl-regexp', ...names, '--', ':!docs'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    // Renovate looks into these by itself.
    const itself = /^(Dockerfile|\.github\/workflows\/.*)$/;
    const unknown = files
      .split('\n')
      .filter((path) => path !== '' && !itself.test(path) && found(path).length === 0);
    expect(unknown).toEqual([]);
  });

  it('keeps the major version of PostgreSQL', () => {
    const versionOf = (image: string) => {
      const [name = '', tag = ''] = image.split(':');
      const rule = config.packageRules.find(({ matchPackageNames = [] }) => matchPackageNames.includes(name));
      return new RegExp(rule?.versioning?.replace('regex:', '') ?? '^$').exec(tag)?.groups;
    };
    for (const { image } of Object.values(IMAGE_FLAVOURS))
      expect(versionOf(image)).toMatchObject({ compatibility: /pg(\d+)/.exec(image)?.[1] });
  });

  it('proposes packages only for the versions of Node that are supported', () => {
    const [, least] = /^>=([\d.]+)$/.exec(packageJson.engines.node) ?? [];
    expect(config.constraints.node).toBe(`^${least}.0 || >=${read('.nvmrc').trim()}.0.0`);
  });
});
