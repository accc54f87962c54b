// The databases of earlier starts that a start does not use, because it found another server or another major version.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

// As `startLocalServer` names them: postgres-18, timescaledb-17, docker-timescaledb-17.
const CLUSTER = /^(docker-)?(postgres|timescaledb)-\d+$/;

/** The folders of a data folder that hold the database of another server than the one in its folder `used`. */
export function otherClusters(dataFolder: string, used: string): readonly string[] {
  return readdirSync(dataFolder)
    .filter((name) => CLUSTER.test(name) && name !== used)
    .sort()
    .map((name) => join(dataFolder, name));
}
