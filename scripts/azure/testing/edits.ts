// For tests: changes to the text of the built program. They stand for changes to its sources.

/** Adds a column to the table sensor_data. */
export const withColumn = (column: string) => (text: string) =>
  text.replace('pressure: float8().unit("hPa")', `pressure: float8().unit("hPa"), ${column}`);

/** Makes the API end as soon as it is started. The other commands work. */
export const endAtOnce = (text: string): string =>
  text.replace('\n', '\nif (process.argv[2] === "serve") process.exit(3);\n');
