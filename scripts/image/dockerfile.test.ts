import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_IMAGE } from '../../infra/core/pins';

const ROOT = join(__dirname, '..', '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** Comments out, continued lines joined. */
const instructions: readonly Instruction[] = read('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter(Boolean)
  .map((line) => {
    const [, name = '', text = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    return { name, text };
  });
const all = (name: string): readonly string[] =>
  instructions.filter((one) => one.name === name).map(({ text }) => text);
const starts = instructions.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []));
const last = instructions.slice(starts.at(-1));
const lastStage = (name: string): readonly string[] =>
  last.filter((one) => one.name === name).map(({ text }) => text);

describe('the Dockerfile', () => {
  it('builds every stage on the image that is pinned for the machine', () => {
    expect(instructions[0]).toEqual({ name: 'ARG', text: `NODE_IMAGE=${NODE_IMAGE}` });
    expect(all('FROM')).toEqual([`\${NODE_IMAGE} AS program`, `\${NODE_IMAGE} AS client`, `\${NODE_IMAGE}`]);
    expect(NODE_IMAGE).toMatch(new RegExp(`^node:${read('.nvmrc').trim()}\\.[^@]+@sha256:[0-9a-f]{64}$`));
  });

  it('takes files from the build context and Debian only', () => {
    expect(instructions.map(({ name }) => name)).not.toContain('ADD');
    expect(all('RUN').join('\n')).not.toMatch(/\b(curl|wget)\b|https?:/);
  });

  it('keeps of the build only what it copies, and no package manager for npm', () => {
    const npm = all('RUN').findIndex((text) => text.startsWith('npm ci --omit=dev --ignore-scripts'));
    expect(npm).toBe(0);
    expect(lastStage('COPY').every((text) => text.startsWith('--from='))).toBe(true);
    expect(lastStage('RUN').join('\n')).toMatch(/rm -rf .*\/usr\/local\/lib\/node_modules/);
  });

  it('ends as an ordinary user that the pods have too', () => {
    expect(all('USER')).toEqual(['10001:10001']);
    const after = last.slice(last.findIndex(({ name }) => name === 'USER'));
    expect(after.map(({ name }) => name)).toEqual(['USER', 'EXPOSE', 'ENTRYPOINT', 'CMD']);
    expect(after.at(-1)?.text).toBe('["tsdb", "serve"]');
  });

  it('leaves health to the platform, and says what is in it', () => {
    expect(all('HEALTHCHECK')).toEqual([]);
    expect(lastStage('LABEL')[0]?.match(/org\.opencontainers\.image\.\w+/g)).toHaveLength(5);
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
