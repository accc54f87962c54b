// The settings of the consumer of MQTT: environment → MqttConfig.
import { accessSync, constants } from 'node:fs';
import { isLoopback } from '../../../api/access/loopback';
import { messageOf, UsageError } from '../../../db/core/errors';
import type { Environment, Setting } from '../../../db/core/settings';
import { readSecret } from '../secret';

/** How to reach the broker, checked. */
export interface MqttConfig {
  readonly url: string;
  /** Empty = none. */
  readonly username: string;
  /** Reads its file anew each time, so that a new password needs no restart; undefined = none. */
  readonly password: (() => string) | undefined;
  /** Files in PEM format; empty = none. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientId: string;
  /** Name of the shared subscription; empty = none. */
  readonly share: string;
  /** 4 = version 3.1.1. */
  readonly version: 4 | 5;
  /** Most messages that the broker sends before one of them is acknowledged. Version 3.1.1 cannot tell the broker. */
  readonly receiveMaximum: number;
}

/** Every setting of the connection to an MQTT broker. */
export const mqttSettings: readonly Setting[] = [
  {
    name: 'TSDB_MQTT_URL',
    default: '',
    meaning:
      'address of the MQTT broker, such as `mqtts://broker:8883`; `mqtt`, `mqtts`, `ws` or `wss`, without a password',
  },
  { name: 'TSDB_MQTT_USERNAME', default: '', meaning: 'user name at the MQTT broker' },
  { name: 'TSDB_MQTT_PASSWORD', default: '', meaning: 'password at the MQTT broker' },
  {
    name: 'TSDB_MQTT_PASSWORD_FILE',
    default: '',
    meaning: 'file with that password, instead of `TSDB_MQTT_PASSWORD`; it is read at each connection',
  },
  {
    name: 'TSDB_MQTT_CA_FILE',
    default: '',
    meaning: 'file with the certificates that the broker is trusted by; empty = those of Node.js',
  },
  { name: 'TSDB_MQTT_CERT_FILE', default: '', meaning: 'file with the client certificate for the broker' },
  { name: 'TSDB_MQTT_KEY_FILE', default: '', meaning: 'file with the key of that certificate' },
  {
    name: 'TSDB_MQTT_CLIENT_ID',
    default: 'timescale-ingest',
    meaning:
      'client id, under which the broker keeps the session; each process needs its own, and keeps it when it starts again',
  },
  {
    name: 'TSDB_MQTT_SHARE',
    default: '',
    meaning:
      'name of a shared subscription, by which several processes divide the messages; needs `TSDB_MQTT_CLIENT_ID`',
  },
  { name: 'TSDB_MQTT_VERSION', default: '5', meaning: 'version of MQTT: `5`, or `4` for version 3.1.1' },
];

/** Packet ids have 16 bits. */
const MOST_IN_FLIGHT = 65_535;

/**
 * Reads the settings. An empty value counts as not set.
 * @param batchRows most messages of one batch.
 * @throws UsageError that lists all faults at once and shows no password.
 */
export function readMqttConfig(env: Environment, batchRows: number): MqttConfig {
  const text = (name: string): string =>
    env[name] || mqttSettings.find((setting) => setting.name === name)?.default || '';
  const faults: string[] = [];
  const file = (name: string): string => {
    const path = text(name);
    try {
      if (path !== '') accessSync(path, constants.R_OK);
    } catch (error) {
      faults.push(`${name} cannot be read: ${messageOf(error)}`);
    }
    return path;
  };
  const url = text('TSDB_MQTT_URL');
  const username = text('TSDB_MQTT_USERNAME');
  const password = readLogin(env, username, faults);
  checkAddress(url, username !== '', faults);
  checkShare(env, faults);
  const version = text('TSDB_MQTT_VERSION');
  if (version !== '4' && version !== '5')
    faults.push(`TSDB_MQTT_VERSION is "${version}"; write 5, or 4 for version 3.1.1`);
  const certFile = file('TSDB_MQTT_CERT_FILE');
  const keyFile = file('TSDB_MQTT_KEY_FILE');
  if ((certFile === '') !== (keyFile === ''))
    faults.push('TSDB_MQTT_CERT_FILE and TSDB_MQTT_KEY_FILE belong together; set both or none');
  const caFile = file('TSDB_MQTT_CA_FILE');
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return Object.freeze({
    ...{ url, username, password, caFile, certFile, keyFile },
    clientId: text('TSDB_MQTT_CLIENT_ID'),
    share: text('TSDB_MQTT_SHARE'),
    version: version === '4' ? 4 : 5,
    // While one batch is written, the next one arrives.
    receiveMaximum: Math.min(MOST_IN_FLIGHT, 2 * batchRows),
  });
}

function readLogin(env: Environment, username: string, faults: string[]): (() => string) | undefined {
  const password = readSecret(env, 'TSDB_MQTT_PASSWORD', faults);
  if (password !== undefined && username === '')
    faults.push('TSDB_MQTT_USERNAME is not set, and a password belongs to a user name');
  return password;
}

function checkAddress(url: string, hasLogin: boolean, faults: string[]): void {
  if (url === '') {
    faults.push('TSDB_MQTT_URL is not set; write the address of the broker, such as mqtts://broker:8883');
    return;
  }
  const { protocol = '', hostname = '', username, password } = URL.canParse(url) ? new URL(url) : {};
  if (!/^(mqtts?|wss?):$/.test(protocol) || hostname === '' || username || password) {
    faults.push(
      'TSDB_MQTT_URL must be an address such as mqtts://broker:8883, without a user name and a password, which have settings of their own',
    );
    return;
  }
  if (hasLogin && /^(mqtt|ws):$/.test(protocol) && !isLoopback(hostname))
    faults.push(
      'TSDB_MQTT_USERNAME needs a TSDB_MQTT_URL of mqtts or wss: the password would be sent in clear text',
    );
}

function checkShare(env: Environment, faults: string[]): void {
  const share = env.TSDB_MQTT_SHARE ?? '';
  if (/[/+#\s]/.test(share))
    faults.push(`TSDB_MQTT_SHARE must be a name without "/", "+", "#" and spaces, got "${share}"`);
  if (share !== '' && !env.TSDB_MQTT_CLIENT_ID)
    faults.push(
      'TSDB_MQTT_SHARE needs TSDB_MQTT_CLIENT_ID: each process of a shared subscription has a client id of its own, and keeps it when it starts again, because the broker keeps messages for it',
    );
}
