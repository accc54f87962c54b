// For tests: changes to the text of the built program. They stand for changes to its sources.

/** Adds a column to the table sensor_data. */
export const withColumn = (column: string) => (text: string) =>
  text.replace('pressure: float8().unit("hPa")', `pressure: float8().unit("hPa"), ${column}`);

/** Makes the API end as soon as it is started. The other commands work. */
export const endAtOnce = (text: string): string =>
  text.replace('\n', '\nif (process.argv[2] === "serve") process.exit(3);\n');

/**
 * Puts a small program in the place of `tsdb consume`: it is ready while it can connect to the first broker, and says with its
 * environment and its files what it was given.
 */
export const consumeSimply = (text: string): string =>
  text.replace('\n', () => `\nif (process.argv[2] === "consume") return (${simpleConsumer})(require);\n`);

function simpleConsumer(load: NodeJS.Require): void {
  const { env } = process;
  const [host, port] = (env.TSDB_KAFKA_BROKERS ?? '').split(',')[0]?.split(':') ?? [];
  const size = (file = '') => load('node:fs').readFileSync(file).length;
  process.stdout.write(
    `consumes ${process.argv[3]} with passwords of ${size(env.PGPASSWORD_FILE)} and ${size(env.TSDB_KAFKA_PASSWORD_FILE)} bytes\n`,
  );
  process.on('SIGTERM', () => {
    process.stdout.write('ended as it was asked to\n');
    process.exit(0);
  });
  load('node:http')
    .createServer((_request: unknown, response: import('node:http').ServerResponse) => {
      const socket = load('node:net').connect({ host, port: Number(port) });
      const answer = (status: number) => () => {
        socket.destroy();
        if (!response.writableEnded) response.writeHead(status).end();
      };
      socket.on('connect', answer(200)).on('error', answer(503));
    })
    .listen(Number(env.TSDB_STREAM_PORT), env.HOST);
}
