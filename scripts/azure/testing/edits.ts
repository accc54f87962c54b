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

/**
 * Puts a small program in the place of `tsdb serve`: it answers each request with a new session of the database, at the address and
 * with the password that it was started with.
 */
export const serveSimply = (text: string): string =>
  text.replace('\n', () => `\nif (process.argv[2] === "serve") return (${simpleServer})(require);\n`);

function simpleServer(load: NodeJS.Require): void {
  const { env } = process;
  const PGPASSWORD = load('node:fs').readFileSync(env.PGPASSWORD_FILE, 'utf8');
  let isEnding = false;
  const server = load('node:http').createServer(
    (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => {
      if (isEnding && request.url === '/health/ready') {
        response.writeHead(503).end();
        return;
      }
      load('node:child_process').execFile(
        'psql',
        ['--no-psqlrc', '--tuples-only', '--no-align', '--command=SELECT current_user'],
        { env: { ...env, PGPASSWORD } },
        (error: Error | null, stdout: string) => response.writeHead(error ? 503 : 200).end(stdout),
      );
    },
  );
  process.on('SIGTERM', () => {
    isEnding = true;
    setTimeout(() => server.close(() => process.exit(0)), 2_500);
    setTimeout(() => server.closeIdleConnections(), 2_600);
  });
  server.listen(Number(env.PORT), env.HOST);
}
