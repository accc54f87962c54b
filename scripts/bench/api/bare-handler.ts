// What the API is compared with: node:http, the driver with the API's own settings, one query, JSON.stringify.
import { createServer } from 'node:http';
import { readConfig } from '../../../api/config';
import { createPool } from '../../../api/database/pool';
import { type LevelName, levels } from '../../../api/sensors/levels';
import { ident, relation } from '../../../db/core/sql';
import { tellUsage } from '../load/usage';

const DAY_MS = 86_400_000;

/** The rows of a sensor since a time, as the API's endpoint for the level gives them. */
function queryOf(level: LevelName): string {
  const { relation: source, time, columns, bucketUnit } = levels[level];
  const since = bucketUnit ? `date_trunc('${bucketUnit}', $2::timestamptz)` : '$2::timestamptz';
  return `
  SELECT ${columns.map((name) => ident(name)).join(', ')} FROM ${relation(source)}
   WHERE "sensor_id" = $1 AND ${ident(time)} >= ${since}
   ORDER BY ${ident(time)} LIMIT $3`;
}

const { database, poolSize, statementTimeoutMs, maxRows } = readConfig();
const pool = createPool({ database, size: poolSize, access: 'read', statementTimeoutMs });
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const sensor = searchParams.get('sensor');
  const since = new Date(Date.now() - Number(searchParams.get('days')) * DAY_MS).toISOString();
  pool.query(queryOf(pathname.slice(1) as LevelName), [sensor, since, maxRows + 1]).then(
    ({ rows }) => {
      response.setHeader('content-type', 'application/json; charset=utf-8');
      response.end(JSON.stringify({ sensor_id: sensor, data: rows }));
    },
    (error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    },
  );
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  tellUsage();
  process.send?.('listening');
});
process.on('disconnect', () => process.exit(0));
