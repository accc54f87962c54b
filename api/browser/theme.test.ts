// Colours have enough contrast in both schemes (WCAG 2.2 AA), and the page names every file that it needs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PUBLIC = join(__dirname, '..', 'public');

type Theme = ReadonlyMap<string, string>;

/** The two schemes of theme.css: each colour is `light-dark(light, dark)`. */
function themes(): { readonly light: Theme; readonly dark: Theme } {
  const text = readFileSync(join(PUBLIC, 'theme.css'), 'utf8');
  const pairs = [...text.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)];
  return {
    light: new Map(pairs.map(([, name = '', light = '']) => [name, light])),
    dark: new Map(pairs.map(([, name = '', , dark = '']) => [name, dark])),
  };
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

const TEXT = [
  ['ink', 'ground'],
  ['ink', 'card'],
  ['ink', 'raised'],
  ['soft', 'ground'],
  ['soft', 'card'],
  ['soft', 'raised'],
  ['accent', 'ground'],
  ['accent', 'card'],
  ['accent-ink', 'accent'],
  ['fault', 'ground'],
  ['fault', 'card'],
  ['fault', 'fault-ground'],
  ['good', 'good-ground'],
  ['warning', 'warning-ground'],
  ['limit', 'card'],
] as const;

const SHAPES = [
  ...['temperature', 'humidity', 'pressure', 'anomaly', 'alert', 'plain', 'packed', 'edge'],
  ...Array.from({ length: 8 }, (_one, at) => `c${at}`),
];

describe.each(['light', 'dark'] as const)('the %s scheme', (scheme) => {
  const theme = themes()[scheme];
  const colorOf = (name: string): string => {
    const color = theme.get(name);
    if (color === undefined) throw new Error(`theme.css has no --${name}`);
    return color;
  };

  it.each(TEXT)('has readable %s on %s', (text, ground) => {
    expect(contrast(colorOf(text), colorOf(ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(SHAPES)('has visible shapes in %s', (shape) => {
    expect(contrast(colorOf(shape), colorOf('card'))).toBeGreaterThanOrEqual(3);
  });
});

describe('contrast', () => {
  it('is 21 between black and white, and 1 of a colour with itself', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
    expect(contrast('#123456', '#123456')).toBe(1);
  });
});

describe('index.html', () => {
  it('preloads every module, so that none waits for the one that imports it', () => {
    const page = readFileSync(join(PUBLIC, 'index.html'), 'utf8');
    const preloaded = [...page.matchAll(/modulepreload" href="\/([^"]+)"/g)].map(([, path]) => path);
    const modules = readdirSync(PUBLIC, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.js') && path !== 'app.js')
      .map((path) => path.replaceAll('\\', '/'));
    expect(preloaded.sort()).toEqual(modules.sort());
  });
});
