import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { clusterBundleProps } from '../../azure-cluster/front';
import { readConfig } from '../../core/config';
import { IMAGE_FLAVOURS } from '../../core/pins';
import { poolerConfiguration } from '../../core/pooler';
import { bundleProps } from '../machine-bundle';
import { consumersOf } from '../machine-consumers';
import { BROKERS, EVENT_HUBS } from '../testing/azure-stack';
import { type BundleProps, writeBundle } from './bundle';
import { fetchReleaseScript } from './fetch-release';

let place: string;
let props: BundleProps;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'tsdb-bundle-'));
  mkdirSync(join(place, 'program'));
  writeFileSync(join(place, 'program', 'tsdb.js'), '#!/usr/bin/env node\n');
  props = {
    image: IMAGE_FLAVOURS.alpine,
    size: { cpus: 2, memoryMiB: 7168 },
    schemas: 'iot,service',
    hostName: '',
    tls: 'internal',
    exposure: 'private',
    backups: { enabled: true, keepFull: 4, keepDiff: 7 },
    programFolder: join(place, 'program'),
  };
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const hash = (given: BundleProps = props) => writeBundle(given, join(place, 'out')).sha256;

/** A folder with the unpacked bundle. */
function unpack(given: BundleProps = props): string {
  const folder = join(place, 'release');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const { path } = writeBundle(given, join(place, 'out'));
  expect(spawnSync('tar', ['-xzf', path, '-C', folder]).status).toBe(0);
  return folder;
}

const compose = (given?: BundleProps) => parse(readFileSync(join(unpack(given), 'compose.yaml'), 'utf8'));
const HA = IMAGE_FLAVOURS.ha;
const POOLER = { image: 'mirror.example.org/pgbouncer:1.25.1', size: 7 };

describe('writeBundle', () => {
  it('depends on contents alone, and its name on all of them', () => {
    const first = hash();
    const program = join(place, 'program', 'tsdb.js');
    utimesSync(program, 1, 1);
    chmodSync(program, 0o600);
    expect(hash()).toBe(first);
    writeFileSync(program, '#!/usr/bin/env node\n//\n');
    expect(hash()).not.toBe(first);
    expect(hash({ ...props, size: { cpus: 2, memoryMiB: 8192 } })).not.toBe(hash());
  });

  it('refuses contradictions and a program that is not built', () => {
    expect(() => hash({ ...props, tls: 'acme' })).toThrow(/needs a host name/);
    expect(() => hash({ ...props, tls: 'acme', hostName: 'a.example' })).toThrow(/exposure "public"/);
    expect(() => hash({ ...props, programFolder: place })).toThrow(/npm run build/);
    expect(() => hash({ ...props, allow: 'drops-object; reboot' })).toThrow(RangeError);
  });

  it('holds scripts that bash and, where it is installed, shellcheck accept', () => {
    const folder = unpack();
    writeFileSync(join(folder, 'run-command.sh'), fetchReleaseScript());
    const scripts = readdirSync(folder).filter((name) => name.endsWith('.sh'));
    expect(scripts.length).toBeGreaterThan(12);
    for (const name of scripts)
      expect(spawnSync('bash', ['-n', join(folder, name)], { encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
      });
    const programs = scripts.filter((name) => readFileSync(join(folder, name), 'utf8').startsWith('#!'));
    // Followed into what they source; what one of them does not use of the shared settings another does.
    const flags = ['--external-sources', '--check-sourced', '--source-path=SCRIPTDIR', '--exclude=SC2034'];
    const lint = spawnSync('shellcheck', [...flags, ...programs], { cwd: folder, encoding: 'utf8' });
    if (lint.error === undefined) expect(lint.stdout).toBe('');
  });

  it.each([
    ['alpine', IMAGE_FLAVOURS.alpine],
    ['ha', HA],
  ])('has a compose file for %s that docker compose accepts, where it is installed', (_name, image) => {
    const folder = unpack({ ...props, image });
    const plugin = spawnSync('docker', ['compose', 'version']);
    if (plugin.error !== undefined || plugin.status !== 0) return;
    const check = spawnSync('docker', ['compose', '--file', join(folder, 'compose.yaml'), 'config', '-q'], {
      encoding: 'utf8',
    });
    expect({ status: check.status, stderr: check.stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('the configuration of the pooler', () => {
  it('comes with the release, where it has one', () => {
    const file = (given?: BundleProps) => join(unpack(given), 'pooler', 'pgbouncer.ini');
    expect(existsSync(file())).toBe(false);
    expect(readFileSync(file({ ...props, pooler: POOLER }), 'utf8')).toBe(
      poolerConfiguration('timescaledb', 7),
    );
  });
});

describe('the compose file', () => {
  it('gives no container a privilege, a writable root or an image without a version', () => {
    const all = compose({ ...props, consumers: consumersOf(readConfig(BROKERS)), pooler: POOLER }).services;
    expect(Object.keys(all)).toEqual(
      expect.arrayContaining(['consume-kafka', 'consume-mqtt', 'pooler-blue', 'pooler-green']),
    );
    for (const service of Object.values<Record<string, unknown>>(all)) {
      expect(service).toMatchObject({
        cap_drop: ['ALL'],
        read_only: true,
        security_opt: ['no-new-privileges:true'],
        mem_limit: expect.any(String),
        image: expect.stringMatching(/:[\w.-]+(@sha256:[0-9a-f]{64})?$/),
        restart: expect.stringMatching(/^(on-failure|no)$/),
      });
    }
  });

  it('lets the API reach the database and Caddy, and nothing else', () => {
    const { services, networks } = compose();
    for (const place of ['api-blue', 'api-green']) {
      expect(services[place].networks).toEqual(['data', 'edge']);
      expect(services[place].ports).toBeUndefined();
    }
    expect([networks.data, networks.edge]).toEqual([{ internal: true }, { internal: true }]);
    expect(services.timescaledb.ports).toEqual(['127.0.0.1:5432:5432']);
  });

  it('changes the database only with image and settings, never with the release', () => {
    const before = compose().services.timescaledb;
    expect(JSON.stringify(before)).not.toContain('./');
    expect(
      compose({ ...props, schemas: 'iot,service,metrics', hostName: 'a.example' }).services.timescaledb,
    ).toEqual(before);
    expect(compose({ ...props, size: { cpus: 2, memoryMiB: 14336 } }).services.timescaledb.command).toContain(
      'shared_buffers=3584MB',
    );
  });

  it('gives each container its own password and no other, as files in memory', () => {
    const sources = (name: string): readonly string[] =>
      compose()
        .services[name].volumes.map(({ source }: { source: string }) => source)
        .filter((source: string) => source.includes('/secrets/'));
    expect(sources('api-blue')).toEqual([expect.stringMatching(/\/secrets\/app$/)]);
    expect(sources('schema')).toEqual([expect.stringMatching(/\/owner$/)]);
    expect(sources('timescaledb')).toEqual([expect.stringMatching(/\/postgres$/)]);
  });

  it('archives with the image that has pgBackRest, unless backups are off, and dumps with the other', () => {
    const services = compose({ ...props, image: HA }).services;
    expect(services.timescaledb.command).toContain('archive_mode=on');
    expect(services.dump).toBeUndefined();
    const off = { ...props, image: HA, backups: { ...props.backups, enabled: false } };
    expect(compose(off).services.timescaledb.command).not.toContain('archive_mode=on');
    expect(compose().services.dump.environment.PGUSER).toBe('tsdb_backup');
    expect(existsSync(join(unpack(), 'systemd', 'tsdb-backup-dump.timer'))).toBe(true);
  });

  it('starts nothing but on the mounted data disk', () => {
    const unit = readFileSync(join(unpack(), 'systemd', 'tsdb.service'), 'utf8').split('\n');
    for (const line of [
      'Requires=tsdb-disk.service',
      'RequiresMountsFor=/srv/tsdb',
      'ConditionPathIsMountPoint=/srv/tsdb',
    ])
      expect(unit).toContain(line);
  });
});

describe('the consumers of brokers', () => {
  const withBrokers = (env: Record<string, string>) => ({
    ...props,
    consumers: consumersOf(readConfig(env)),
  });
  const settings = (given?: BundleProps) => readFileSync(join(unpack(given), 'release.env'), 'utf8');

  it('are in no release of a deployment without a broker', () => {
    const { services, networks } = compose();
    expect(Object.keys(services).filter((name) => name.startsWith('consume'))).toEqual([]);
    expect(networks.streams).toBeUndefined();
    expect(settings()).toMatch(/^BROKER_PORTS=\n.*^CONSUMERS=\n.*^EVENT_HUBS=no\n/ms);
  });

  it('reach the database, and their brokers by a bridge of their own that the firewall knows', () => {
    const { services, networks } = compose(withBrokers(BROKERS));
    for (const [name, of] of Object.entries({ 'consume-kafka': 'kafka', 'consume-mqtt': 'mqtt' }))
      expect(services[name]).toMatchObject({
        command: ['node', '/app/tsdb.js', 'consume', of],
        networks: ['data', 'streams'],
        stop_grace_period: '60s',
        environment: { PGUSER: 'tsdb_app', HOST: '127.0.0.1', TSDB_STREAM_PORT: '5001' },
        healthcheck: { test: expect.arrayContaining([expect.stringContaining('TSDB_STREAM_PORT')]) },
      });
    expect(services['consume-kafka'].ports).toBeUndefined();
    expect(networks.streams.driver_opts).toEqual({ 'com.docker.network.bridge.name': 'tsdb-streams' });
    const firewall = readFileSync(join(unpack(), 'firewall.sh'), 'utf8');
    expect(firewall).toContain('-i tsdb-streams -j TSDB-STREAMS');
    expect(settings(withBrokers(BROKERS))).toContain('BROKER_PORTS=9093,9094,443,8883\n');
  });

  it('have the password of the API at the database, and the secrets of their own broker, as files in memory', () => {
    const { services } = compose(withBrokers(BROKERS));
    const files = (name: string): readonly string[] =>
      services[name].volumes.flatMap(
        ({ source }: { source: string }) => /secrets\/(.+)$/.exec(source)?.[1] ?? [],
      );
    expect(files('consume-kafka')).toEqual(['app', 'kafka-password', 'kafka-ca', 'registry-password']);
    expect(files('consume-mqtt')).toEqual(['app', 'mqtt-password', 'mqtt-ca', 'mqtt-cert', 'mqtt-key']);
    expect(settings(withBrokers(BROKERS))).toContain(
      'BROKER_SECRETS=kafka-password=plant-kafka,kafka-ca=plant-ca,registry-password=registry-password,mqtt-password=mqtt-password,',
    );
  });

  it('take a dollar in a user name for what it is', () => {
    const { environment } = compose(withBrokers(BROKERS)).services['consume-kafka'];
    expect(environment.TSDB_KAFKA_USERNAME).toBe('$$ConnectionString');
  });

  it('learn the address of Event Hubs on the machine, and may then ask for its identity', () => {
    const { environment } = compose(withBrokers(EVENT_HUBS)).services['consume-kafka'];
    expect(environment.TSDB_KAFKA_BROKERS).toBe(`\${TSDB_KAFKA_BROKERS:-}`);
    expect(settings(withBrokers(EVENT_HUBS))).toMatch(/^CONSUMER_IDENTITY=yes\n.*^EVENT_HUBS=yes\n/ms);
    expect(settings(withBrokers(BROKERS))).toContain('CONSUMER_IDENTITY=no\n');
  });

  it('take their memory from the share of the database', () => {
    const size = (env: Record<string, string>) => bundleProps(readConfig(env), '').size.memoryMiB;
    expect([size({}), size(EVENT_HUBS), size(BROKERS)]).toEqual([7168, 6656, 6144]);
  });
});

describe('fetchReleaseScript', () => {
  it('is one file without anything that Terraform would take for a template', () => {
    expect(fetchReleaseScript()).toMatch(/^#!\/usr\/bin\/env bash\n/);
    expect(fetchReleaseScript()).not.toMatch(/[$%]\{|^\. /m);
    expect(fetchReleaseScript()).toContain('azure_request()');
  });
});

describe('the bundle of a machine in front of a managed database', () => {
  const managed = () =>
    clusterBundleProps(readConfig({ ...BROKERS, TSDB_SCHEMAS: 'iot' }), props.programFolder);

  it('has no database, no logins, no backups and no consumers', () => {
    const { services, networks } = compose(managed());
    expect(Object.keys(services).sort()).toEqual(['api-blue', 'api-green', 'caddy', 'schema']);
    expect(networks.streams).toEqual({
      driver_opts: { 'com.docker.network.bridge.name': 'tsdb-streams' },
    });
    const units = readdirSync(join(unpack(managed()), 'systemd'));
    expect(units.filter((name) => name.endsWith('.timer')).sort()).toEqual([
      'tsdb-health.timer',
      'tsdb-jobs.timer',
    ]);
    expect(readdirSync(join(unpack(), 'systemd'))).not.toContain('tsdb-jobs.timer');
  });

  it('lets the API out to the database and nowhere else, with a role of its own and over TLS', () => {
    const { 'api-blue': api, schema } = compose(managed()).services;
    expect(api.networks).toEqual(['streams', 'edge']);
    expect(schema.networks).toEqual(['streams']);
    const common = {
      PGDATABASE: 'citus',
      PGHOST: `\${TSDB_DATABASE_HOST:-}`,
      PGSSLMODE: 'verify-full',
      TSDB_SCHEMAS: 'iot,service,serving',
    };
    expect(api.environment).toMatchObject({ ...common, PGUSER: 'tsdbapi' });
    expect(api.environment).not.toHaveProperty('TSDB_READ_ROLE');
    expect(api.environment).not.toHaveProperty('TSDB_WRITE_ROLE');
    expect(schema.environment).toMatchObject({ ...common, PGUSER: 'citus' });
    const settings = readFileSync(join(unpack(managed()), 'release.env'), 'utf8');
    expect(settings).toMatch(/^BACKUPS=off\nBROKER_PORTS=5432\n/m);
    expect(settings).toContain('DATABASE_RUNS_ON=managed\n');
  });

  it('refuses backups and consumers, which such a machine cannot have', () => {
    expect(() => hash({ ...managed(), backups: props.backups })).toThrow('backs up nothing');
  });
});
