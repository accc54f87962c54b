// Settings of the consumer of MQTT: all faults at once, no password in any message, and a password by file read anew.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Environment } from '../../../db/core/settings';
import { readMqttConfig } from './config';

const folder = mkdtempSync(join(tmpdir(), 'tsdb-mqtt-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function faultsOf(env: Environment): readonly string[] {
  try {
    readMqttConfig({ TSDB_MQTT_URL: 'mqtts://broker', ...env }, 5_000);
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('settings of MQTT', () => {
  it('need the address only', () =>
    expect(readMqttConfig({ TSDB_MQTT_URL: 'mqtts://broker:8883' }, 5_000)).toEqual({
      url: 'mqtts://broker:8883',
      username: '',
      password: undefined,
      caFile: '',
      certFile: '',
      keyFile: '',
      clientId: 'timescale-ingest',
      share: '',
      version: 5,
      receiveMaximum: 10_000,
    }));

  it('let the broker send two batches, as far as there are packet ids', () =>
    expect(readMqttConfig({ TSDB_MQTT_URL: 'ws://localhost' }, 100_000).receiveMaximum).toBe(65_535));

  it('tell all faults at once and show no password', () => {
    const faults = faultsOf({
      TSDB_MQTT_URL: 'mqtt://me:open-sesame@broker',
      TSDB_MQTT_PASSWORD: 'open-sesame',
      TSDB_MQTT_VERSION: '3.1.1',
      TSDB_MQTT_SHARE: 'a/b',
      TSDB_MQTT_CERT_FILE: join(folder, 'missing'),
    });
    expect(faults.join()).not.toContain('open-sesame');
    expect(faults).toEqual([
      'TSDB_MQTT_USERNAME is not set, and a password belongs to a user name',
      expect.stringContaining('TSDB_MQTT_URL must be an address such as mqtts://broker:8883'),
      expect.stringContaining('TSDB_MQTT_SHARE must be a name without'),
      expect.stringContaining('TSDB_MQTT_SHARE needs TSDB_MQTT_CLIENT_ID'),
      'TSDB_MQTT_VERSION is "3.1.1"; write 5, or 4 for version 3.1.1',
      expect.stringContaining('TSDB_MQTT_CERT_FILE cannot be read'),
      'TSDB_MQTT_CERT_FILE and TSDB_MQTT_KEY_FILE belong together; set both or none',
    ]);
  });

  it.each<[string, Environment, string]>([
    ['an address that is not set', { TSDB_MQTT_URL: '' }, 'TSDB_MQTT_URL is not set'],
    ['another protocol', { TSDB_MQTT_URL: 'http://broker' }, 'TSDB_MQTT_URL must be an address'],
    [
      'a password in clear text',
      { TSDB_MQTT_URL: 'mqtt://broker', TSDB_MQTT_USERNAME: 'me', TSDB_MQTT_PASSWORD: 'x' },
      'TSDB_MQTT_USERNAME needs a TSDB_MQTT_URL of mqtts or wss',
    ],
    [
      'two passwords',
      { TSDB_MQTT_USERNAME: 'me', TSDB_MQTT_PASSWORD: 'x', TSDB_MQTT_PASSWORD_FILE: __filename },
      'TSDB_MQTT_PASSWORD and TSDB_MQTT_PASSWORD_FILE are both set',
    ],
  ])('refuse %s', (_what, env, fault) => {
    expect(faultsOf(env)).toEqual([expect.stringContaining(fault)]);
  });

  it('read the file of the password at each connection', () => {
    const path = join(folder, 'password');
    writeFileSync(path, 'one\n');
    const config = readMqttConfig(
      { TSDB_MQTT_URL: 'mqtts://broker', TSDB_MQTT_USERNAME: 'me', TSDB_MQTT_PASSWORD_FILE: path },
      1,
    );
    expect(config.password?.()).toBe('one');
    writeFileSync(path, 'two');
    expect(config.password?.()).toBe('two');
    expect(inspect(config)).not.toContain('two');
  });
});
