// What the API is compared with: node:http, the driver with the API's own settings, one query, JSON.stringify.
import { createServer } from 'node:http';
import { readConfig } from '../../../api/config';
import { createPool } from '../../../api/database/pool';
import { currentInstant, timeText } from '../../../api/http/time';
import { type LevelName, levels } from '../../../api/sensors/levels';
import { bucketStart } from '../../../api/series/calendar';
import { ident, relation } from '../../../db/core/sql';
import { tellUsage } from '../load/usage';

const DAY_MS = 86_400_000;

/** The rows of a sensor since a time, as the API's endpoint for the level gives them. */
function queryOf(level: LevelName): string {
  const { relation: source, time, columns } = levels[level];
  return `
  SELECT ${columns.map((name) => ident(name)).join(', ')} FROM ${relation(source)}
   WHERE "sensor_id" = $1 AND ${ident(time)} >= $2::timestamptz
   ORDER BY ${ident(time)} LIMIT $3`;
}

/** The start of the bucket that contains the time that lies `days` ago. */
function startOf(level: LevelName, days: number): string {
  const { bucket } = levels[level];
  const start = currentInstant(Date.now() - days * DAY_MS);
  return timeText(bucket ? bucketStart(bucket.width, start) : start);
}

const { database, poolSize, statementTimeoutMs, maxRows } = readConfig();
const pool = createPool({ database, size: poolSize, access: 'read', statementTimeoutMs });
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const sensor = searchParams.get('sensor');
  const level = pathname.slice(1) as LevelName;
  const since = startOf(level, Number(searchParams.get('days')));
  pool.query(queryOf(level), [sensor, since, maxRows + 1]).then(
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
