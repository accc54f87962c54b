// Telegraf, unchanged: its outputs for InfluxDB 1 and 2 and for HTTP write here, also through a way that loses requests and answers.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { float8, text, timestamptz } from '../../../db/language/columns';
import { desiredFrom } from '../../../db/language/desired';
import { hypertable } from '../../../db/language/hypertable';
import { schemaSet } from '../../../db/language/schema-set';
import { testServers } from '../../../db/local/test-servers';
import { describeUnless } from '../../../db/local/testing/needs';
import { waitFor } from '../../../db/local/testing/wait';
import { selectSets } from '../../../db/schema/sets';
import { forSuite } from '../../testing/for-suite';
import { programOf } from '../testing/programs';
import { startDoor } from '../testing/unreliable-door';

const telegraf = programOf('TSDB_TEST_TELEGRAF', 'telegraf', ['--version']);
const missing = telegraf === undefined ? 'no telegraf was found (TSDB_TEST_TELEGRAF)' : undefined;

const ROWS = 100_000;
const START = Date.parse('2026-11-20T00:00:00Z');

/** A wide table for what is measured of a room; each reading is stored once, however often it is sent. */
const climate = hypertable('plant.climate', {
  columns: {
    time: timestamptz().notNull(),
    room: text().notNull(),
    temperature: float8(),
    humidity: float8(),
  },
  time: 'time',
  chunkInterval: '7 days',
  unique: { columns: ['room', 'time'], onConflict: 'update' },
  ingest: { names: ['room_climate'] },
});

const desired = desiredFrom([...selectSets('iot,telemetry,service'), schemaSet('plant', [climate])]);

// One server is enough for so many rows: the other suites of the doors run on every engine.
describe.each(testServers().slice(-1))('$describe', (server) => {
  describeUnless(missing, 'Telegraf', () => {
    const door = forSuite(() => startDoor(server, { desired, env: { TSDB_MAX_BODY_BYTES: '2000000' } }));
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'tsdb-telegraf-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const start = (agent: string, inputs: string, outputs: string, ...flags: string[]): Run => {
      const config = join(folder, `telegraf-${Math.random()}.conf`);
      writeFileSync(
        config,
        `[agent]\n  hostname = "telegraf-host"\n  round_interval = false\n  flush_jitter = "0s"\n${agent}\n${inputs}\n${outputs}\n`,
      );
      return run(spawn(telegraf as string, ['--config', config, ...flags]));
    };
    const file = (name: string, lines: Iterable<string>): string => {
      const path = join(folder, name);
      writeFileSync(path, [...lines].join('\n'));
      return `[[inputs.file]]\n  files = ["${path}"]\n  data_format = "influx"\n`;
    };
    const influx2 = (url: string): string =>
      `[[outputs.influxdb_v2]]\n  urls = ["${url}"]\n  token = "${door.keys.write}"\n  organization = "any"\n  bucket = "any"\n`;
    const influx1 = (url: string): string =>
      `[[outputs.influxdb]]\n  urls = ["${url}"]\n  database = "telegraf"\n  username = "any"\n  password = "${door.keys.write}"\n`;
    const http = (url: string, more = ''): string =>
      `[[outputs.http]]\n  url = "${url}/api/v2/write"\n  data_format = "influx"\n${more}  [outputs.http.headers]\n    Authorization = "Token ${door.keys.write}"\n`;

    it.each([
      ['influxdb_v2', influx2],
      ['influxdb', influx1],
      ['http', http],
    ] as const)('writes what it measures with outputs.%s', async (name, output) => {
      const inputs = '[[inputs.cpu]]\n  percpu = false\n[[inputs.mem]]\n[[inputs.system]]\n[[inputs.disk]]\n';
      const telegrafRun = start('', inputs, output(door.url), '--once');
      expect(await telegrafRun.ended).toEqual([0, expect.not.stringContaining('E!')]);
      const samples = await door.rows(
        `SELECT name, value, text, labels FROM telemetry.sample WHERE time > now() - interval '1 hour'`,
      );
      const one = (sample: string) => samples.find((row) => row.name === sample);
      for (const sample of ['cpu_usage_idle', 'mem_available', 'disk_used_percent', 'system_load1'])
        expect([name, one(sample)]).toEqual([
          name,
          {
            name: sample,
            value: expect.any(Number),
            text: null,
            labels: expect.objectContaining({ host: 'telegraf-host' }),
          },
        ]);
      expect(one('system_uptime_format')).toMatchObject({ value: null, text: expect.stringContaining(':') });
    });

    it.each([
      ['influxdb_v2', influx2],
      ['influxdb', influx1],
    ] as const)(
      `writes ${ROWS} rows exactly once with outputs.%s, although requests and answers are lost`,
      async (name, output) => {
        const before = { ...door.proxy.fates };
        const lines = Array.from(
          { length: ROWS },
          (_, row) => `sensor_data,sensor_id=${name} temperature=${row} ${START + row * 1_000}000000`,
        );
        const agent = `  interval = "1h"\n  flush_interval = "200ms"\n  metric_batch_size = 5000\n  metric_buffer_limit = 200000\n  omit_hostname = true\n`;
        const telegrafRun = start(agent, file(name, lines), output(door.proxy.url));
        const stored = async () =>
          (
            await door.rows(
              `SELECT count(*)::int AS rows, count(DISTINCT time)::int AS times FROM sensor_data WHERE sensor_id = '${name}'`,
            )
          )[0];
        await waitFor('all rows are stored', async () => (await stored())?.times === ROWS, {
          atMostMs: 100_000,
        });
        await telegrafRun.stop();
        expect(await stored()).toEqual({ rows: ROWS, times: ROWS });
        for (const fate of ['lost', 'unanswered', 'unavailable'] as const)
          expect(door.proxy.fates[fate]).toBeGreaterThan(before[fate]);
      },
    );

    it('writes rows that it groups anew on each try exactly once into a table with a key', async () => {
      // The file is read again and again, so every body is another mixture of the same rows.
      const lines = Array.from(
        { length: 3_000 },
        (_, row) => `room_climate,room=kitchen temperature=${row},humidity=40 ${START + row * 1_000}000000`,
      );
      const agent = `  interval = "300ms"\n  flush_interval = "200ms"\n  metric_batch_size = 700\n  omit_hostname = true\n`;
      const before = door.proxy.fates.passed;
      const telegrafRun = start(agent, file('climate', lines), influx2(door.proxy.url));
      await waitFor('the rows were sent several times', async () => door.proxy.fates.passed > before + 15);
      await telegrafRun.stop();
      expect(
        await door.rows(
          'SELECT count(*)::int AS rows, count(DISTINCT time)::int AS times, sum(temperature)::int AS sum FROM plant.climate',
        ),
      ).toEqual([{ rows: 3_000, times: 3_000, sum: 4_498_500 }]);
    });

    describe('with a point that is refused', () => {
      const lines = (room: string) => [
        `room_climate,room=${room} temperature=1 ${START}000000`,
        `room_climate,room=${room} temperature="warm" ${START + 1_000}000000`,
        `room_climate,room=${room} temperature=3 ${START + 2_000}000000`,
      ];
      const agent = `  interval = "1h"\n  flush_interval = "200ms"\n  omit_hostname = true\n`;
      const stateOf = async (room: string) => ({
        stored: (
          await door.rows(`SELECT temperature FROM plant.climate WHERE room = '${room}' ORDER BY time`)
        ).map(({ temperature }) => temperature),
        letters: await door.rows(
          `SELECT table_name, times FROM service.dead_letter WHERE original LIKE '%room=${room} %'`,
        ),
      });

      it.each([
        ['influxdb_v2', influx2, /will be dropped: 422 .*line 2.*temperature/],
        ['influxdb', influx1, /will be dropped: 400 .*line 2.*temperature/],
        [
          'http',
          (url: string) => http(url, '  non_retryable_statuscodes = [400, 413, 422]\n'),
          /non-retryable status 422.*line 2.*temperature/,
        ],
      ] as const)('outputs.%s names it in its log and goes on', async (name, output, log) => {
        const telegrafRun = start(agent, file(`refused-${name}`, lines(name)), output(door.url));
        await waitFor('Telegraf says what was refused', async () => log.test(telegrafRun.log()));
        await telegrafRun.stop();
        expect(await stateOf(name)).toEqual({
          stored: [1, 3],
          letters: [{ table_name: 'plant.climate', times: 1 }],
        });
      });

      it('outputs.http sends the points again and again without non_retryable_statuscodes; still one letter is kept', async () => {
        const telegrafRun = start(agent, file('loop', lines('loop')), http(door.url));
        await waitFor(
          'it was sent three times',
          async () => telegrafRun.log().split('received status code: 422').length > 3,
        );
        await telegrafRun.stop();
        expect(await stateOf('loop')).toEqual({
          stored: [1, 3],
          letters: [{ table_name: 'plant.climate', times: expect.any(Number) }],
        });
      });
    });

    it('outputs.influxdb_v2 divides a body that is too large', async () => {
      const lines = Array.from(
        { length: 3_000 },
        (_, row) => `room_climate,room=${'hall'.repeat(200)} temperature=${row} ${START + row * 1_000}000000`,
      );
      const agent = `  interval = "1h"\n  flush_interval = "200ms"\n  metric_batch_size = 10000\n  omit_hostname = true\n`;
      const telegrafRun = start(
        agent,
        file('large', lines),
        `${influx2(door.url)}  content_encoding = "identity"\n`,
      );
      const stored = async () =>
        (await door.rows(`SELECT count(*)::int AS rows FROM plant.climate WHERE room LIKE 'hallhall%'`))[0]
          ?.rows;
      await waitFor('all rows are stored', async () => (await stored()) === 3_000);
      await telegrafRun.stop();
      expect(telegrafRun.log()).toContain('request was too large (413)');
    });
  });
});

/** A process of Telegraf. */
interface Run {
  log(): string;
  /** Its exit code and its log. */
  readonly ended: Promise<readonly [number | null, string]>;
  stop(): Promise<void>;
}

function run(child: ChildProcess): Run {
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (part) => {
      log += part;
    });
  const ended = once(child, 'close').then(([code]) => [code as number | null, log] as const);
  return {
    log: () => log,
    ended,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
