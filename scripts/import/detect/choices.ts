// The commands that read a file as it looks: one, or one for each reading when the file does not say which is right.

import { UsageError } from '../../../db/core/errors';
import { invocation } from '../../../db/core/invocation';
import { flagsOf } from '../flags';
import type { ImportOptions } from '../options';
import { type Detected, detect, withFormats } from './detect';

/** A way to read the file. */
export interface Choice {
  readonly options: ImportOptions;
  /** The command, as people type it. */
  readonly command: string;
}

/** The ways to read a file, at least one. The readings of several columns go together: day first, or month first. */
export function choicesOf({ options, unclearTimes }: Detected): readonly Choice[] {
  const count = Math.max(1, ...unclearTimes.map((guess) => guess.readings().length));
  return Array.from({ length: count }, (_, at) => {
    const formats = unclearTimes.flatMap((guess) => {
      const readings = guess.readings();
      const reading = readings[Math.min(at, readings.length - 1)];
      return reading === undefined ? [] : [{ name: guess.column.name, format: reading.format }];
    });
    const chosen = withFormats(options, formats);
    return { options: chosen, command: commandOf(chosen) };
  });
}

/** The command of an import. */
export const commandOf = (options: ImportOptions): string => `${invocation('import')} ${flagsOf(options)}`;

/**
 * What a person can do about a file that was refused: the commands that read it as it looks. Undefined when nothing about the
 * file says more than the flags that were given.
 */
export async function adviceOn(path: string, asked: ImportOptions): Promise<string | undefined> {
  let detected: Detected;
  try {
    detected = await detect(path, asked);
  } catch (error) {
    // The file was refused with a reason already, and that this program finds no other is no reason of its own.
    if (error instanceof UsageError) return undefined;
    throw error;
  }
  const { problems, unclearTimes } = detected;
  const choices = choicesOf(detected);
  const isSame = choices.every(({ command }) => command === commandOf(asked));
  if (isSame) return problems.length > 0 ? problems.join('\n') : undefined;
  const commands = choices.map(({ command }) => `\n  ${command}`).join('');
  if (unclearTimes.length > 0)
    return `${problems.join('\n')}. Run the command that is right, or look at both readings with --preview:${commands}`;
  return problems.length > 0
    ? `${problems.join('\n')}. Once that is done, the command is as follows; --preview shows what it would store:${commands}`
    : `From its content, the file looks as if this command were right; --preview shows what it would store:${commands}`;
}
