// What an API under test says of itself.

/** How many requests an API answers at this moment beside the one for its measures; `metrics` gets `/metrics`. */
export async function requestsInFlight(metrics: () => Promise<string>): Promise<number> {
  const [, count] = /^http_requests_in_flight (\d+)$/m.exec(await metrics()) ?? [];
  if (count === undefined) throw new Error('the measures do not say how many requests are in flight');
  return Number(count) - 1;
}
