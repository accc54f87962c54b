// How the values of flags are read.
import { InvalidArgumentError } from 'commander';

/** A parser of whole numbers from `least` to `most`. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** Parses a percentage of at most 50. */
export function percent(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value <= 50) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 50.');
}

/** Gathers the values of a flag that may be repeated. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
