// The clients of InfluxDB 1, InfluxDB 2 and QuestDB for Python, unchanged, through a way that loses requests and answers.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { testServers } from '../../../db/local/test-servers';
import { describeUnless } from '../../../db/local/testing/needs';
import { forSuite } from '../../testing/for-suite';
import { programOf } from '../testing/programs';
import { startDoor } from '../testing/unreliable-door';

const ROWS = 100_000;
const python = process.env.TSDB_TEST_PYTHON || 'python3';
const without = (module: string): string | undefined =>
  programOf('TSDB_TEST_PYTHON', 'python3', ['-c', `import ${module}`]) === undefined
    ? `no ${python} with ${module} was found (TSDB_TEST_PYTHON)`
    : undefined;

/** What all programs share: the way that loses requests, the key, how many rows, and the way that works. */
const COMMON = `
import sys
url, port, key, rows, direct, direct_port = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5], int(sys.argv[6])
start = 1795132800
`;

const INFLUXDB_CLIENT = `${COMMON}
from influxdb_client import InfluxDBClient, Point, WriteOptions, WritePrecision
client = InfluxDBClient(url=url, token=key, org="any", timeout=60000, enable_gzip=True)
print(client.ping(), client.health().status)
failed = []
options = WriteOptions(batch_size=5000, flush_interval=1000, jitter_interval=0, retry_interval=10, max_retries=20, max_retry_delay=50, max_retry_time=100000)
with client.write_api(write_options=options, error_callback=lambda conf, data, error: failed.append(str(error))) as api:
    for row in range(rows):
        point = Point("sensor_data").tag("sensor_id", "influxdb_client").field("temperature", float(row)).time(start + row, WritePrecision.S)
        api.write(bucket="any", record=point, write_precision=WritePrecision.S)
print(len(failed))
from influxdb_client.client.write_api import SYNCHRONOUS
for token, record in [(key, "sensor_data,sensor_id=x temperature=\\"warm\\" 1"), ("wrong", "sensor_data,sensor_id=x temperature=1 1")]:
    try:
        InfluxDBClient(url=direct, token=token, org="any", retries=0).write_api(write_options=SYNCHRONOUS).write(bucket="any", record=record)
    except Exception as error:
        print(error.status, error.message)
`;

const INFLUXDB = `${COMMON}
from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError, InfluxDBServerError
client = InfluxDBClient(host="127.0.0.1", port=port, username="any", password=key, database="any", retries=20, gzip=True)
client.create_database("any")
print(client.ping())
for first in range(0, rows, 5000):
    points = [{"measurement": "sensor_data", "tags": {"sensor_id": "influxdb"}, "fields": {"temperature": float(row)}, "time": start + row} for row in range(first, first + 5000)]
    while True:
        try:
            client.write_points(points, time_precision="s")
            break
        except InfluxDBServerError:
            continue # The client itself sends again after a broken connection, but not after 503.
print(0)
for password, value in [(key, "warm"), ("wrong", 1.0)]:
    try:
        InfluxDBClient(host="127.0.0.1", port=direct_port, username="any", password=password, database="any").write_points([{"measurement": "sensor_data", "tags": {"sensor_id": "x"}, "fields": {"temperature": value}}])
    except InfluxDBClientError as error:
        print(error.code, error)
`;

const QUESTDB = `${COMMON}
from questdb.ingress import Sender, TimestampNanos, IngressError
conf = f"http::addr=127.0.0.1:{port};token={key};auto_flush=off;retry_timeout=60000;"
print("there")
failed = 0
with Sender.from_conf(conf) as sender:
    for first in range(0, rows, 5000):
        while True:
            for row in range(first, first + 5000):
                sender.row("sensor_data", symbols={"sensor_id": "questdb_python"}, columns={"temperature": float(row)}, at=TimestampNanos((start + row) * 1000000000))
            try:
                sender.flush()
                break
            except IngressError as error:
                failed += 1
                if failed > 50: raise
print(0)
for token, value in [(key, "warm"), ("wrong", 1.0)]:
    try:
        with Sender.from_conf(f"http::addr=127.0.0.1:{direct_port};token={token};") as sender:
            sender.row("sensor_data", symbols={"sensor_id": "x"}, columns={"temperature": value}, at=TimestampNanos.now())
            sender.flush()
    except IngressError as error:
        print(error)
`;

// One server is enough for so many rows: the other suites of the doors run on every engine.
describe.each(testServers().slice(-1))('$describe', (server) => {
  describe.each([
    ['influxdb_client', 'influxdb_client', INFLUXDB_CLIENT, 'True pass'],
    ['influxdb', 'influxdb', INFLUXDB, 'tsdb'],
    ['questdb', 'questdb_python', QUESTDB, 'there'],
  ])('Python', (module, sensor, program, there) => {
    describeUnless(without(module), module, () => {
      const door = forSuite(() => startDoor(server));

      it(`writes ${ROWS} rows exactly once, and shows what was refused`, async () => {
        const args = [
          '-c',
          program,
          door.proxy.url,
          String(door.proxy.port),
          door.keys.write,
          String(ROWS),
          door.url,
          new URL(door.url).port,
        ];
        const { stdout } = await promisify(execFile)(python, args);
        const [found, failed, ...refused] = stdout.trim().split('\n');
        expect([found, failed]).toEqual([there, '0']);
        expect(refused.join('\n')).toMatch(/line 1: temperature.*This is not a key/s);
        expect(
          await door.rows(
            `SELECT count(*)::int AS rows, count(DISTINCT time)::int AS times, sum(temperature)::bigint AS sum
               FROM sensor_data WHERE sensor_id = '${sensor}'`,
          ),
        ).toEqual([{ rows: ROWS, times: ROWS, sum: 4_999_950_000 }]);
        for (const fate of ['lost', 'unanswered', 'unavailable'] as const)
          expect(door.proxy.fates[fate]).toBeGreaterThan(0);
      });
    });
  });
});
