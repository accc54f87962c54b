// The terminal: data to stdout, everything else to stderr, colours and bars only where a person looks.
import { Presets, SingleBar } from 'cli-progress';
import { createColors } from 'picocolors';
import type { Paint } from '../db/reconcile/format';

/** Data of a command. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON document. */
export function printJson(document: unknown): void {
  print(JSON.stringify(document, null, 2));
}

/** Progress and logs. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Colours of a stream; none when it is not a terminal or NO_COLOR is set. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return createColors(stream.isTTY === true && stream.hasColors?.() === true);
}

/** Progress of counted work. */
export interface Progress {
  advanceTo(done: number): void;
  stop(): void;
}

/** A bar on a terminal; silent elsewhere. It begins at `from`, and `hasRate` shows the units per second since then. */
export function progressBar(
  label: string,
  total: number,
  unit: string,
  { from = 0, hasRate = false }: { readonly from?: number; readonly hasRate?: boolean } = {},
): Progress {
  if (process.stderr.isTTY !== true) return { advanceTo: () => undefined, stop: () => undefined };
  const bar = new SingleBar(
    {
      format: `${label} [{bar}] {percentage}% {value}/{total} ${unit}${hasRate ? `, {rate} ${unit}/s` : ''}, {eta_formatted} left`,
      stream: process.stderr,
      hideCursor: true,
    },
    Presets.rect,
  );
  const started = Date.now();
  bar.start(total, from, { rate: 0 });
  return {
    advanceTo: (done) => bar.update(done, { rate: perSecond(done - from, started) }),
    stop: () => bar.stop(),
  };
}

/** Tells a log, which shows no bar, that long work begins. */
export function noteUnlessBar(text: string): void {
  if (process.stderr.isTTY !== true) note(text);
}

/** A rate since a time in milliseconds, as a whole number. */
export const perSecond = (count: number, started: number): number =>
  Math.round(count / Math.max(0.001, (Date.now() - started) / 1_000));

/** Rows with aligned columns. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(header), ...rows.map(line)].join('\n');
}
