// Asks a person on a terminal.
import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';

export interface Terminal {
  readonly input: Readable;
  readonly output: Writable;
}

/** Whether the answer is "yes". Ctrl-C, Ctrl-D and an aborted signal are a no. */
export async function confirm(question: string, signal: AbortSignal, terminal: Terminal): Promise<boolean> {
  return (await ask(question, signal, terminal)) === 'yes';
}

/** The answer without white space around it; undefined after Ctrl-C, Ctrl-D or an aborted signal. */
export async function ask(
  question: string,
  signal: AbortSignal,
  { input, output }: Terminal,
): Promise<string | undefined> {
  const prompt = createInterface({ input, output, terminal: true });
  const away = new AbortController();
  // On a terminal readline takes Ctrl-C itself and closes, without a signal and without settling the question.
  prompt.once('close', () => away.abort());
  try {
    return (await prompt.question(question, { signal: AbortSignal.any([signal, away.signal]) })).trim();
  } catch (error) {
    if (signal.aborted || away.signal.aborted) return undefined;
    throw error;
  } finally {
    prompt.close();
  }
}
