// What ingest over HTTP is compared with: node:http and JSON.parse, and the rows go to COPY as they came, without any check.
import { createServer } from 'node:http';
import { Pool } from 'pg';
import { readConfig } from '../../../api/config';
import { bareCopy } from './bare-copy';
import { COLUMNS } from './rows';

const { database, writePoolSize } = readConfig();
const pool = new Pool({ ...database, max: writePoolSize });

async function store(body: string): Promise<void> {
  const rows = JSON.parse(body) as readonly Readonly<Record<string, unknown>>[];
  const lines = rows.map((row) => `${COLUMNS.map((name) => row[name]).join('\t')}\n`).join('');
  const db = await pool.connect();
  try {
    await bareCopy(db, lines, 'text');
  } finally {
    db.release();
  }
}

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    store(Buffer.concat(parts).toString()).then(
      () => response.end('{}'),
      (error: unknown) => {
        response.statusCode = 500;
        response.end(String(error));
      },
    );
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send?.('listening'));
process.on('disconnect', () => process.exit(0));
