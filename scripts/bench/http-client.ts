// A client of one local server, cheap enough not to be what is measured: connections are kept, and answers are read and thrown away.
import { Agent, request } from 'node:http';
import { DatabaseError } from '../../db/core/errors';

export interface HttpClient {
  /**
   * Sends a body, or asks when there is none.
   * @returns milliseconds until the answer was read to its end.
   * @throws DatabaseError when the answer has another status than 200.
   */
  send(path: string, sent?: { readonly contentType: string; readonly body: Buffer }): Promise<number>;
  close(): void;
}

/** A client with at most so many connections. */
export function httpClient(port: number, connections: number): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const send: HttpClient['send'] = (path, sent) =>
    new Promise((done, fail) => {
      const started = performance.now();
      const headers = sent && { 'content-type': sent.contentType, 'content-length': sent.body.length };
      const method = sent ? 'POST' : 'GET';
      request({ agent, port, path, method, headers: { ...headers }, host: '127.0.0.1' }, (answer) => {
        let beginning = '';
        answer.on('data', (part: Buffer) => {
          if (answer.statusCode !== 200 && beginning.length < 500) beginning += part;
        });
        answer.once('error', fail).once('end', () => {
          if (answer.statusCode === 200) done(performance.now() - started);
          else fail(new DatabaseError(`${path} answered ${answer.statusCode}: ${beginning.slice(0, 500)}`));
        });
      })
        .once('error', fail)
        .end(sent?.body);
    });
  return { send, close: () => agent.destroy() };
}
