// For tests: reads Parquet files, in a process of its own, because jest cannot load the reader, an ES module.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from '../../testing/command-line';

/** What a file holds; 64-bit integers and times in microseconds are texts, so are NaN and Infinity. */
export interface ParquetContent {
  readonly columns: readonly string[];
  readonly groups: readonly number[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Reads one file after another. */
export interface ParquetReader {
  read(file: string): Promise<ParquetContent>;
  stop(): void;
}

/** A reader whose process starts with its first file. */
export function parquetReader(): ParquetReader {
  let child: ChildProcess | undefined;
  return {
    read: async (file) => {
      child ??= fork(`${__dirname}/read-parquet-process.ts`, { cwd: ROOT, execArgv: ['--import', 'tsx'] });
      const answer = once(child, 'message', { signal: AbortSignal.timeout(60_000) });
      child.send(file);
      const [content] = (await answer) as [string];
      return JSON.parse(content) as ParquetContent;
    },
    stop: () => child?.disconnect(),
  };
}
