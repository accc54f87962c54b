// What an API under test reports about itself.

/** How many requests an API is answering, without the one for its metrics; `metrics` requests `/metrics`. */
export async function requestsInFlight(metrics: () => Promise<string>): Promise<number> {
  const [, count] = /^http_requests_in_flight (\d+)$/m.exec(await metrics()) ?? [];
  if (count === undefined) throw new Error('the metrics do not say how many requests are in flight');
  return Number(count) - 1;
}
