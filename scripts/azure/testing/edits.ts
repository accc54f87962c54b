// For tests: changes to the text of the built program, in place of another state of the sources.

/** Table sensor_data gets one more column. */
export const withColumn = (column: string) => (text: string) =>
  text.replace('pressure: float8().unit("hPa")', `pressure: float8().unit("hPa"), ${column}`);

/** The API ends as soon as it is started; the other commands work. */
export const endAtOnce = (text: string): string =>
  text.replace('\n', '\nif (process.argv[2] === "serve") process.exit(3);\n');
