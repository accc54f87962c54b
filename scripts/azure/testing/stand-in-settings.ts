// For tests: what the stand-in for docker is told by the test, in one file beside its state.
import { readFileSync } from 'node:fs';

export interface StandInSettings {
  /** Folder of what it remembers. */
  readonly state: string;
  /** Programs of PostgreSQL. */
  readonly pgBin: string;
  /** Folder of the database's socket, short enough for one. */
  readonly sockets: string;
  /** User that servers run as, or '' for the test's own. */
  readonly serverUid: string;
  readonly serverGid: string;
  /** Port of Caddy, and of the two places behind it. */
  readonly proxyPort: string;
  readonly bluePort: string;
  readonly greenPort: string;
  /** Port of Caddy's own interface. */
  readonly adminPort: string;
  readonly databasePort: string;
  /** The program Caddy, or '' where it is not installed: then another one stands for it. */
  readonly caddy: string;
}

/** One setting; the file is named by TSDB_STAND_IN. */
export function setting(name: keyof StandInSettings): string {
  const file = process.env.TSDB_STAND_IN;
  if (file === undefined) throw new Error('TSDB_STAND_IN is not set');
  return (JSON.parse(readFileSync(file, 'utf8')) as StandInSettings)[name];
}
