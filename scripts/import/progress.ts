// The bar of an import: rows, their rate and the time left, where a person looks.
import { Presets, SingleBar } from 'cli-progress';

/** A bar that appears with the first rows; silent where the output is no terminal. */
export function importBar(): { advance(rows: number, total: number): void; stop(): void } {
  if (process.stderr.isTTY !== true) return { advance: () => undefined, stop: () => undefined };
  let bar: SingleBar | undefined;
  let started = 0;
  let before = 0;
  return {
    advance(rows, total) {
      if (!bar) {
        [started, before] = [Date.now(), rows];
        bar = new SingleBar(
          {
            format: 'import [{bar}] {percentage}% {value}/{total} rows, {rate} rows/s, {eta_formatted} left',
            stream: process.stderr,
            hideCursor: true,
          },
          Presets.rect,
        );
        bar.start(total, rows, { rate: 0 });
      }
      bar.update(rows, {
        rate: Math.round((rows - before) / Math.max(0.001, (Date.now() - started) / 1_000)),
      });
    },
    stop: () => bar?.stop(),
  };
}
