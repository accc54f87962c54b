// Connections whose rows stay the bytes that the server sent, until somebody asks for their values. Making a text of every value
// costs more than everything else that is done with a large result.
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { Client, type ClientConfig } from 'pg';
import { Parser } from 'pg-protocol/dist/parser';

/** A row as it was received: the number of its values, and then each value as its length and its text. It is only there while it is handled. */
export class RowBytes {
  readonly name = 'dataRow';
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;

  /** The texts of the values, as the driver expects them. */
  get fields(): readonly (string | null)[] {
    const { bytes } = this;
    let at = this.start + 2;
    return Array.from({ length: bytes.readInt16BE(this.start) }, () => {
      const length = bytes.readInt32BE(at);
      at += 4;
      if (length < 0) return null;
      at += length;
      return bytes.toString('utf8', at - length, at);
    });
  }
}

/** Parts of the driver that its types do not show. */
interface Driver {
  readonly connection: EventEmitter & { attachListeners(stream: Duplex): void };
}

interface Messages {
  parse(piece: Buffer, onMessage: (message: { readonly name: string }) => void): void;
  handlePacket(offset: number, code: number, length: number, bytes: Buffer): object;
}

const DATA_ROW = 0x44;

/** A client of the driver that hands rows to its queries as `RowBytes`. */
export class RowBytesClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config);
    const { connection } = this as unknown as Driver;
    connection.attachListeners = (stream) => {
      const messages = new Parser() as unknown as Messages;
      const others = messages.handlePacket.bind(messages);
      const row = new RowBytes();
      messages.handlePacket = (offset, code, length, bytes) => {
        if (code !== DATA_ROW) return others(offset, code, length, bytes);
        row.bytes = bytes;
        row.start = offset;
        // The length contains itself.
        row.end = offset + length - 4;
        return row;
      };
      stream.on('data', (piece: Buffer) =>
        messages.parse(piece, (message) =>
          connection.emit(message.name === 'error' ? 'errorMessage' : message.name, message),
        ),
      );
    };
  }
}
