// The five-minute start of docs/streams.md, as it stands there, on a real Kafka: the platform stores what is sent to the topics.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTimescaleBinaries } from '../../db/local/binaries';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { waitFor } from '../../db/local/testing/wait';
import { ROOT, type Running, startTsdb, tsdb } from '../testing/command-line';
import { NPM_SERVER } from '../testing/npm-server';
import { type KafkaUnderTest, noKafka, startKafka } from './testing/kafka-broker';

const page = readFileSync(join(ROOT, 'docs/streams.md'), 'utf8');
const [, part = ''] = /<!-- start -->(.*)<!-- \/start -->/s.exec(page) ?? [];
const lines = [...part.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, text = '']) => text.trim().split('\n'));
/** The words after a beginning of a line. */
const after = (begin: string): readonly string[] =>
  lines
    .find((line) => line.startsWith(begin))
    ?.slice(begin.length)
    .split(' ') ?? [];

const engine = findTimescaleBinaries(process.env) ? 'timescaledb' : 'embedded';

describe('docs/streams.md', () => {
  it('links to files that exist', () => {
    const linked = [...page.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, path = '']) => path);
    expect(linked.length).toBeGreaterThan(5);
    expect(linked.filter((path) => !existsSync(join(ROOT, 'docs', path)))).toEqual([]);
  });
});

describeUnless(noKafka, 'the five-minute start of docs/streams.md', () => {
  let kafka: KafkaUnderTest;
  let folder: string;
  let platform: Running | undefined;
  let env: Record<string, string>;
  beforeAll(async () => {
    kafka = await startKafka();
    folder = temporaryFolder();
    const declared = Object.fromEntries(after('export ').map((pair) => pair.split('=')));
    expect(declared).toMatchObject({ TSDB_KAFKA_BROKERS: '127.0.0.1:9092' });
    env = {
      ...{ ...NPM_SERVER, TSDB_LOCAL_SERVER: engine, TSDB_DATA: folder, TSDB_STREAM_PORT: '0' },
      ...{ ...declared, TSDB_KAFKA_BROKERS: kafka.address },
    };
  });
  afterAll(async () => {
    platform?.process.kill('SIGINT');
    await platform?.finished;
    await kafka?.stop();
    removeFolder(folder);
  });

  it('says what is missing when the topics or the broker are', async () => {
    expect(await tsdb(['produce', 'kafka', '--rows', '1'], env)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no topic bss\.customer\.metrics, .* --create-topics PARTITIONS/),
    });
    const start = (changes: Readonly<Record<string, string>>) =>
      tsdb(['up', '--kafka', '--port', '0'], { ...env, ...changes });
    expect(await start({ TSDB_KAFKA_BROKERS: '' })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: --kafka needs a broker: set TSDB_KAFKA_BROKERS=/),
    });
    expect(await start({ TSDB_SCHEMAS: 'iot,service' })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: no selected set declares a stream of Kafka; select .* business/),
    });
  });

  it('stores 19,800 rows and keeps 200 letters', async () => {
    const sent = await tsdb([...after('npm run tsdb -- '), '--json'], env);
    expect({ code: sent.code, said: sent.stderr }).toEqual({
      code: 0,
      said: expect.stringContaining('created: '),
    });
    expect(JSON.parse(sent.stdout)).toMatchObject({ records: 20_000, poison: 200, interrupted: false });

    platform = startTsdb(['up', ...after('npm start -- '), '--port', '0', '--days', '0'], { env });
    const [, api = ''] = await platform.says(/page and API {3}(http:\/\/\S+)\//);
    const [, streams = ''] = await platform.says(/health (http:\/\/\S+)\/health\/ready/);
    const run = (begin: string): string => {
      const line = lines.find((each) => each.includes(begin)) ?? '';
      const own = line.replace('http://127.0.0.1:5001', streams).replace('http://127.0.0.1:5000', api);
      return execFileSync('sh', ['-c', own], { encoding: 'utf8' });
    };
    const sum = (verdict: string): number =>
      [...run('/metrics').matchAll(new RegExp(`verdict="${verdict}"} (\\d+)`, 'g'))].reduce(
        (all, [, count]) => all + Number(count),
        0,
      );
    await waitFor('all records are stored', async () => sum('stored') + sum('rejected') === 20_000);
    expect([sum('stored'), sum('rejected')]).toEqual([19_800, 200]);
    expect(JSON.parse(run('/api/series/'))).toMatchObject({ source: 'business.customer_metrics' });
    const { data } = JSON.parse(run('/api/dead-letters')) as { data: readonly unknown[] };
    expect(data.length).toBe(3);
    expect((await fetch(`${streams}/health/ready`)).status).toBe(200);
    // They are sent after the rows are stored.
    const sizes = await waitFor('letters in their topics', () => letterTopicsWithRecords(kafka));
    expect(sizes).toBeGreaterThan(0);
  });
});

const letterTopicsWithRecords = async (kafka: KafkaUnderTest): Promise<number | false> =>
  (await kafka.admin(async (admin) => {
    const offsets = await Promise.all(
      ['customer', 'order', 'payment'].map((name) => admin.fetchTopicOffsets(`bss.${name}.metrics.dlq`)),
    );
    return offsets.flat().filter(({ high }) => Number(high) > 0).length;
  })) || false;
