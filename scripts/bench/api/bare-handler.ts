// What the API is compared with: node:http, the driver with the API's own settings, one query, JSON.stringify.
import { createServer } from 'node:http';
import { readConfig } from '../../../api/config';
import { createPool } from '../../../api/database/pool';
import { aggregateColumns } from '../../../api/sensors/levels';
import { ident, relation } from '../../../db/core/sql';
import { sensorDataHourly } from '../../../db/schema/iot';

// The same query that the API's hourly endpoint sends for `period=1w`.
const HOURLY = `
  SELECT ${aggregateColumns.map((name) => ident(name)).join(', ')} FROM ${relation(sensorDataHourly)}
   WHERE "sensor_id" = $1 AND "bucket" >= date_trunc('hour', now() - interval '7 days')
   ORDER BY "bucket" LIMIT $2`;

const { database, poolSize, statementTimeoutMs, maxRows } = readConfig();
const pool = createPool({ database, size: poolSize, access: 'read', statementTimeoutMs });
const server = createServer((request, response) => {
  const sensor = new URL(request.url ?? '/', 'http://localhost').searchParams.get('sensor');
  pool.query(HOURLY, [sensor, maxRows + 1]).then(
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
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send?.('listening'));
process.on('disconnect', () => process.exit(0));
