// For tests: a real mosquitto with sessions that outlive it, where one is installed.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../db/local/free-port';
import { waitFor } from '../../../db/local/testing/wait';
import { type BrokerProcess, type BrokerUnderTest, findProgram, startBroker, tailOf } from './broker-process';
import { type Certificates, makeCertificates } from './certificates';

export interface MosquittoStart {
  /** Names and passwords; absent means that everybody may connect. */
  readonly users?: Readonly<Record<string, string>>;
  /** `server`: with TLS; `clients`: clients show a certificate too. */
  readonly tls?: 'server' | 'clients';
  /** Messages under way to one client at a time. Default 20, as mosquitto has it. */
  readonly maxInflight?: number;
  /** After how many changes it writes all sessions and messages; 0: only when `save` asks for it. Default 1, which is slow with many messages. */
  readonly saveEvery?: number;
  /** More lines of mosquitto.conf. */
  readonly settings?: readonly string[];
}

/** A mosquitto of one test file. When it is killed, what was not yet written is lost. */
export interface MosquittoUnderTest extends BrokerUnderTest {
  /** `mqtt://127.0.0.1:port`, or `mqtts://localhost:port`. */
  readonly url: string;
  readonly port: number;
  readonly certificates?: Certificates;
  /** Has it write all sessions and messages to the disk, and waits until they are there. */
  save(): Promise<void>;
}

const program = process.env.TSDB_MOSQUITTO || findProgram('mosquitto', '/usr/sbin', '/usr/local/sbin');

/** Why tests with a real mosquitto are skipped; undefined where one is installed. */
export const noMosquitto: string | undefined =
  program !== undefined && existsSync(program)
    ? undefined
    : 'mosquitto is not on PATH; set TSDB_MOSQUITTO to the program';

/** What was found, for people. */
export const mosquittoFound = (): string => noMosquitto ?? `mosquitto at ${program}`;

/** Starts it with an empty data folder. */
export async function startMosquitto(how: MosquittoStart = {}): Promise<MosquittoUnderTest> {
  if (program === undefined || noMosquitto !== undefined) throw new Error(noMosquitto);
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-mosquitto-'));
  chmodSync(folder, 0o700);
  const port = await freePort();
  const certificates = how.tls === undefined ? undefined : makeCertificates(folder);
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, `${settingsOf({ folder, port, how, certificates }).join('\n')}\n`);
  writePasswords(folder, how.users ?? {});
  const logFile = join(folder, 'mosquitto.log');
  const { pid, ...broker } = await startBroker({
    ...{ program, args: ['-c', file], logFile, folder },
    ready: (running) => waitUntilReady(port, running, logFile),
  });
  return {
    url: certificates === undefined ? `mqtt://127.0.0.1:${port}` : `mqtts://localhost:${port}`,
    port,
    ...(certificates && { certificates }),
    save: async () => {
      const before = written(folder);
      process.kill(pid(), 'SIGUSR1');
      await waitFor('mosquitto has written its sessions', () => written(folder) !== before);
    },
    ...broker,
  };
}

/** Tells one writing of the file from another: it is replaced each time. */
const written = (folder: string): string => {
  const file = statSync(join(folder, 'mosquitto.db'), { bigint: true, throwIfNoEntry: false });
  return `${file?.ino} ${file?.ctimeNs}`;
};

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly how: MosquittoStart;
  readonly certificates: Certificates | undefined;
}

function settingsOf({ folder, port, how, certificates }: Place): readonly string[] {
  const { users, tls, maxInflight = 20, saveEvery = 1, settings = [] } = how;
  return [
    // Otherwise it gives up root, and cannot read its folder.
    `user ${userInfo().username}`,
    `listener ${port} 127.0.0.1`,
    users === undefined ? 'allow_anonymous true' : `password_file ${join(folder, 'passwords')}`,
    ...(certificates === undefined
      ? []
      : [
          `cafile ${certificates.caFile}`,
          `certfile ${certificates.server.certFile}`,
          `keyfile ${certificates.server.keyFile}`,
          `require_certificate ${tls === 'clients'}`,
        ]),
    'persistence true',
    `persistence_location ${folder}/`,
    'autosave_on_changes true',
    `autosave_interval ${saveEvery}`,
    `max_inflight_messages ${maxInflight}`,
    // No message is dropped because a client is away or slow.
    'max_queued_messages 0',
    'log_dest stderr',
    'log_type error',
    'log_type warning',
    'log_type notice',
    ...settings,
  ];
}

function writePasswords(folder: string, users: Readonly<Record<string, string>>): void {
  const file = join(folder, 'passwords');
  writeFileSync(
    file,
    Object.entries(users)
      .map(([name, password]) => `${name}:${password}\n`)
      .join(''),
    {
      mode: 0o600,
    },
  );
  if (Object.keys(users).length === 0) return;
  // Replaces the passwords in the file by their hashes.
  const passwd = findProgram('mosquitto_passwd') ?? 'mosquitto_passwd';
  const made = spawnSync(passwd, ['-U', file], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`mosquitto_passwd failed: ${made.error?.message ?? made.stderr}`);
}

async function waitUntilReady(port: number, broker: BrokerProcess, logFile: string): Promise<void> {
  const accepts = (): Promise<boolean> => {
    if (broker.ended()) throw new Error(`mosquitto ended:\n${tailOf(logFile)}`);
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  };
  await waitFor('mosquitto accepts connections', accepts);
}
