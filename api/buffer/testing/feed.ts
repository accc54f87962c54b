// Rows that are the same each time that they are made.

/** Batches of a feed, and the rows of each. */
export const [FEED_BATCHES, FEED_ROWS] = [30, 200];

const START = Date.parse('2026-11-01T00:00:00Z');

/** The rows of a batch of the sensor; `temperature` is the number of the row. */
export const feedBatch = (sensor_id: string, batch: number) =>
  Array.from({ length: FEED_ROWS }, (_, at) => {
    const temperature = batch * FEED_ROWS + at;
    return { time: new Date(START + temperature * 1_000), sensor_id, temperature };
  });
