// Runs the firewall of a release in network namespaces with the real netfilter of the kernel.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeUnless } from '../../../db/local/testing/needs';
import { readConfig } from '../../core/config';
import { bundleProps } from '../machine-bundle';
import { BROKERS, EVENT_HUBS } from '../testing/azure-stack';
import { writeBundle } from './bundle';

const unshare = (...command: readonly string[]) =>
  spawnSync('unshare', ['--map-root-user', '--net', ...command], { encoding: 'utf8' });

const missing =
  spawnSync('ip', ['-Version']).error === undefined &&
  unshare('iptables', '--wait', '-N', 'TRIAL').status === 0
    ? undefined
    : 'no ip or iptables, or no namespaces for networks';

describeUnless(missing, 'the firewall of the machine', () => {
  const BROKER = '10.8.0.2:9093';
  const OTHERS = ['10.8.0.2:80', '10.8.0.2:443'];
  const NAMES = ['10.8.0.2:53', '168.63.129.16:53'];
  const IDENTITY = '169.254.169.254:80';
  const AZURE = ['169.254.169.254:9093', '168.63.129.16:80', '168.63.129.16:9093'];
  const all = [BROKER, ...OTHERS, ...NAMES, IDENTITY, ...AZURE];

  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tsdb-firewall-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What a consumer reaches of all these, before and with the firewall. */
  function reached(env: Record<string, string>) {
    const [program, release] = [join(folder, 'program'), join(folder, 'release')];
    for (const made of [program, release]) mkdirSync(made);
    writeFileSync(join(program, 'tsdb.js'), '');
    const { path } = writeBundle(bundleProps(readConfig(env), program), join(folder, 'out'));
    expect(spawnSync('tar', ['-xzf', path, '-C', release]).status).toBe(0);
    const script = join(__dirname, 'testing', 'firewall.sh');
    const { status, stdout, stderr } = unshare('bash', script, release, ...all);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const line = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stdout)?.[1]?.split(' ');
    return {
      before: line('before'),
      after: line('after'),
      rules: stdout.split('\n').filter((text) => /^-A/.test(text)),
    };
  }

  it('lets a consumer out to its brokers and to name servers, and nowhere else', () => {
    const { before, after, rules } = reached({
      ...BROKERS,
      TSDB_DEPLOY_SCHEMA_REGISTRY: '',
      TSDB_DEPLOY_SCHEMA_REGISTRY_USERNAME: '',
    });
    expect(before).toEqual(all);
    expect(after).toEqual([BROKER, ...NAMES]);
    // It ran twice, and no rule is there twice.
    expect(rules).toHaveLength(2);
  });

  it('gives the identity of the machine to a consumer that logs in with it', () => {
    expect(reached(EVENT_HUBS).after).toEqual([BROKER, ...NAMES, IDENTITY]);
  });
});
