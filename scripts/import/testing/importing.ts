// For tests: a database and a folder for imports, and what the command does with files in it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { desiredFrom } from '../../../db/language/desired';
import type { Hypertable } from '../../../db/language/hypertable';
import type { SchemaSet } from '../../../db/language/schema-set';
import { createTestDatabase, type TestDatabase, type testServers } from '../../../db/local/test-servers';
import { applied, select } from '../../../db/testing/apply';
import { type Finished, tsdb } from '../../testing/command-line';
import { importRows } from '../import';
import type { ImportOptions, ImportReport } from '../options';
import { plainOptions } from './plain-options';

type Server = ReturnType<typeof testServers>[number];

/** A database with some sets, for a describe block; it is made before the tests and emptied by `clear`. */
export class Importing {
  database!: TestDatabase;
  folder!: string;

  constructor(
    readonly server: Server,
    readonly sets: readonly SchemaSet[],
  ) {}

  async begin(): Promise<void> {
    this.database = await createTestDatabase(this.server, applied(this.sets, 'retention'));
    this.folder = mkdtempSync(join(tmpdir(), 'tsdb-import-'));
  }

  async end(): Promise<void> {
    rmSync(this.folder, { recursive: true });
    await this.database.drop();
  }

  /** Writes a file. @returns its path. */
  write(name: string, content: string | Buffer): string {
    const file = join(this.folder, name);
    writeFileSync(file, content);
    return file;
  }

  /** Runs `tsdb import` as people do. */
  command(file: string, ...flags: readonly string[]): Promise<Finished> {
    return tsdb(['import', file, ...flags], { DATABASE_URL: this.database.url });
  }

  /** Imports in this process. */
  run(
    file: string,
    table: Hypertable,
    options: Partial<ImportOptions> = {},
    onNote: (text: string) => void = () => undefined,
  ): Promise<ImportReport> {
    const { url } = this.database;
    return importRows(
      { connection: url, engine: this.server.engine, desired: desiredFrom(this.sets) },
      { ...plainOptions(file, table), ...options },
      { onNote },
    );
  }

  /** The refused rows of an import of the file. */
  refused(file: string): { readonly line: number; readonly reason: string; readonly original: string }[] {
    return readFileSync(`${file}.rejects.ndjson`, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  select<Row extends object = Record<string, unknown>>(sql: string): Promise<readonly Row[]> {
    return select<Row>(this.database.url, sql) as Promise<readonly Row[]>;
  }
}

/** SQL: the digits of a time in UTC. */
export const utc = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
