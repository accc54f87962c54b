// Sends requests to a server under test, from a process of its own so that the load does not slow down either side.
import autocannon from 'autocannon';

/** One measurement that this process is asked for. */
export interface LoadOrder {
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
}

/** Its result. */
export interface LoadResult {
  readonly requests: number;
  readonly not200: number;
  readonly errors: number;
}

process.on('message', ({ url, seconds, connections }: LoadOrder) => {
  void autocannon({ url, duration: seconds, connections }).then(({ requests, non2xx, errors }) =>
    process.send?.({ requests: requests.total, not200: non2xx, errors } satisfies LoadResult),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
