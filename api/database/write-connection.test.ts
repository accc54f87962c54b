// A session that ends as soon as it is there must fail the write, and not the process.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Pool } from 'pg';
import { onWriteConnection } from './write-connection';

/** A message of PostgreSQL's protocol: type, length, content. */
function message(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length + 4);
  return Buffer.concat([Buffer.from(type), length, content]);
}

const AUTHENTICATED = message('R', Buffer.alloc(4));
const READY = message('Z', Buffer.from('I'));
const TERMINATED = message('E', Buffer.from('SFATAL\0C57P01\0Mterminating connection\0\0'));

let server: Server;
let pool: Pool;

beforeEach(async () => {
  // All in one piece of data, as a busy machine delivers it.
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.concat([AUTHENTICATED, READY, TERMINATED])));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  pool = new Pool({ host: '127.0.0.1', port, user: 'writer', database: 'tsdb' });
  pool.on('error', () => undefined);
});
afterEach(async () => {
  await pool.end();
  server.close();
  await once(server, 'close');
});

it('fails the write when the server takes its leave in the same breath', async () => {
  await expect(onWriteConnection(pool, (db) => db.query('SELECT 1'))).rejects.toThrow(
    /terminat|connection|queryable/i,
  );
  expect(pool.totalCount).toBe(0);
});
