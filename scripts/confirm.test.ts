import { PassThrough } from 'node:stream';
import { confirm } from './confirm';

/** Answers a question by typing keys, after it was asked. */
function answer(keys: string, signal = new AbortController().signal): Promise<boolean> {
  const terminal = { input: new PassThrough(), output: new PassThrough() };
  terminal.output.once('data', () => setImmediate(() => terminal.input.write(keys)));
  return confirm('Apply? ', signal, terminal);
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

describe('confirm', () => {
  it.each([
    ['yes\r', true],
    ['  yes \r', true],
    ['y\r', false],
    ['YES\r', false],
    ['\r', false],
    [CTRL_C, false],
    [CTRL_D, false],
    [`ye${CTRL_C}`, false],
  ])('takes %j for %s', async (keys, expected) => {
    await expect(answer(keys)).resolves.toBe(expected);
  });

  it('is a no when the process is told to stop', async () => {
    const stop = new AbortController();
    const asked = answer('', stop.signal);
    setImmediate(() => stop.abort());
    await expect(asked).resolves.toBe(false);
    await expect(answer('yes\r', AbortSignal.abort())).resolves.toBe(false);
  });
});
