// Lets other work run between two pieces of a large result. Node reads a socket as long as it has data, which a database on the
// same machine always has.
import type { Socket } from 'node:net';
import type { ClientBase } from 'pg';

const TURN_BYTES = 64 * 1_024;

/** Makes the connection pause after each 64 kB until everything else that waits has had its turn. */
export function takeTurns(client: ClientBase): void {
  const socket = socketOf(client);
  let bytes = 0;
  // This listener comes after that of the driver, which has read the rows of this piece already.
  socket.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes < TURN_BYTES) return;
    bytes = 0;
    socket.pause();
    setImmediate(() => socket.resume());
  });
}

/** The socket of a connected client; the types of the driver do not show it. */
const socketOf = (client: ClientBase): Socket =>
  (client as ClientBase & { readonly connection: { readonly stream: Socket } }).connection.stream;
