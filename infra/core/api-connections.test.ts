import { readConfig } from '../../api/config';
import { apiConnections } from './api-connections';
import { postgresSettings } from './postgres-settings';

describe('apiConnections', () => {
  it.each([
    [512, 1],
    [1024, 4],
    [2048, 6],
    [2048, 14],
    [16_384, 8],
  ])(
    'leaves the database of %i MiB ten connections while %i pods and one more hold theirs',
    (memoryMiB, pods) => {
      const database = { memoryMiB, cpus: 2 };
      const { read, write, total } = apiConnections(database, pods);
      expect(total * (pods + 1) + 10).toBeLessThanOrEqual(Number(postgresSettings(database).max_connections));
      // Keys and readiness have three of their own: see api/database/database/database.ts.
      expect(read + write + 3).toBeLessThanOrEqual(total);
      expect(Math.min(read, write)).toBeGreaterThanOrEqual(1);
    },
  );

  it("gives no pool more than the API's own default", () => {
    const { poolSize, writePoolSize } = readConfig({ PGHOST: 'h' });
    expect(apiConnections({ memoryMiB: 65_536, cpus: 8 }, 1)).toMatchObject({
      read: poolSize,
      write: writePoolSize,
    });
  });
});
