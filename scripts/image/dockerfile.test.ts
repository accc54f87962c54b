import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_IMAGE } from '../../infra/core/pins';

const ROOT = join(__dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** The instructions, one in each line, without comments. */
const lines = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter(Boolean);
const lastStage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

/** The arguments of all instructions with a name. */
const all = (name: string, within = lines): readonly string[] =>
  within.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));

describe('the Dockerfile', () => {
  it('builds every stage on the image that is pinned for the machine', () => {
    expect(lines[0]).toBe(`ARG NODE_IMAGE=${NODE_IMAGE}`);
    expect(all('FROM')).toEqual([`\${NODE_IMAGE} AS program`, `\${NODE_IMAGE} AS client`, `\${NODE_IMAGE}`]);
    expect(NODE_IMAGE).toMatch(new RegExp(`^node:${read('.nvmrc').trim()}\\.[^@]+@sha256:[0-9a-f]{64}$`));
  });

  it('takes files from the build context and Debian only', () => {
    expect(all('ADD')).toEqual([]);
    expect(all('RUN').join('\n')).not.toMatch(/\b(curl|wget)\b|https?:/);
  });

  it('keeps of the build only what it copies, and no package manager for npm', () => {
    const npm = all('RUN').findIndex((text) => text.startsWith('npm ci --omit=dev --ignore-scripts'));
    expect(npm).toBe(0);
    expect(all('COPY', lastStage).every((text) => text.startsWith('--from='))).toBe(true);
    expect(all('RUN', lastStage).join('\n')).toMatch(/rm -rf .*\/usr\/local\/lib\/node_modules/);
  });

  it('ends as an ordinary user that the pods have too', () => {
    expect(all('USER')).toEqual(['10001:10001']);
    const after = lastStage.slice(lastStage.indexOf('USER 10001:10001'));
    expect(after.map((line) => line.split(' ')[0])).toEqual(['USER', 'EXPOSE', 'ENTRYPOINT', 'CMD']);
    expect(after.at(-1)).toBe('CMD ["tsdb", "serve"]');
  });

  it('leaves health to the platform, and says what is in it', () => {
    expect(all('HEALTHCHECK')).toEqual([]);
    expect(all('LABEL', lastStage)[0]?.match(/org\.opencontainers\.image\.\w+/g)).toHaveLength(5);
  });
});

describe('the build context', () => {
  const rules = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

  it('holds nothing but what is named', () => {
    expect(rules[0]).toBe('**');
    expect(rules.filter((rule) => rule.startsWith('!'))).toEqual([
      '!package.json',
      '!package-lock.json',
      '!tsconfig.json',
      '!LICENSE',
      '!db/**',
      '!api/**',
      '!scripts/**',
    ]);
  });

  it('holds no tests', () => {
    for (const rule of ['**/*.test.ts', '**/testing', '**/node_modules'])
      expect(rules.indexOf(rule)).toBeGreaterThan(rules.lastIndexOf('!scripts/**'));
  });
});
