// Requests against a server under test, from a process of its own so that counting them costs neither side anything.
import autocannon from 'autocannon';

/** What is asked of this process. */
export interface LoadOrder {
  readonly url: string;
  readonly seconds: number;
  readonly connections: number;
}

/** What it answers. */
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
