import { createHash } from 'node:crypto';
import { evaluate } from './expression';

const VALUES: Readonly<Record<string, unknown>> = {
  'var.image': 'tsdb:1',
  'a_b.c-1.metadata[0].name': 'x',
  'var.list': ['p', 'q'],
};
const look = (reference: string) => VALUES[reference];
const sha = (text: string) => createHash('sha256').update(text).digest('hex');

describe('evaluate', () => {
  it.each<[text: string, value: unknown]>([
    ['plain', 'plain'],
    ['', ''],
    [`\${var.image}`, 'tsdb:1'],
    [`<\${var.image}>\${a_b.c-1.metadata[0].name}`, '<tsdb:1>x'],
    [`\${var.list}`, ['p', 'q']],
    [`\${join(" ", [var.image, "a b"])}`, 'tsdb:1 a b'],
    [`s-\${substr(sha256(join(" ", [var.image, "h"])), 0, 10)}`, `s-${sha('tsdb:1 h').slice(0, 10)}`],
    [`\${join("", ["\\"\\n", "in \${var.image}!"])}`, '"\nin tsdb:1!'],
    ['$${var.image} %%{if}', `\${var.image} %{if}`],
    ['[ $? -le 1 ] 100%', '[ $? -le 1 ] 100%'],
  ])('%j is %j', (text, value) => {
    expect(evaluate(text, look)).toEqual(value);
  });

  it.each([
    [`\${timestamp()}`, 'the function timestamp is not known; it stands at character 12'],
    [`\${var.image == "" ? 1 : 2}`, '"}" is expected at character 11'],
    ['%{if true}', 'a directive is not supported'],
    [`\${var.image`, '"}" is expected at character 11'],
    [`\${+}`, 'a value is expected at character 2'],
  ])('refuses %j', (text, fault) => {
    expect(() => evaluate(text, look)).toThrow(fault);
  });
});
