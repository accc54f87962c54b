import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeUnless } from '../../../db/local/testing/needs';
import { caddyfile } from './caddyfile';
import { type Caddy, hasCaddy, makePlace, startCaddy } from './testing/caddy';

const NAMELESS_FILE = caddyfile({ hostName: '', tls: 'internal' });

describe('caddyfile', () => {
  it('asks a public authority for the certificate of a name, and signs one without', () => {
    expect(caddyfile({ hostName: 'a.example', tls: 'acme' })).toMatch(/^https:\/\/a\.example \{$/m);
    expect(caddyfile({ hostName: 'a.example', tls: 'acme' })).not.toContain('tls internal');
    expect(NAMELESS_FILE).toMatch(/^https:\/\/tsdb\.internal, https:\/\/ \{\n\ttls internal$/m);
  });

  it('is the same whichever place serves: nothing has to be reloaded for a release', () => {
    expect(NAMELESS_FILE).toContain('reverse_proxy api-blue:5000 api-green:5000 {');
    expect(NAMELESS_FILE).not.toContain('import');
  });
});

describeUnless(hasCaddy ? undefined : 'caddy is not on PATH', 'Caddy itself', () => {
  it('changes places without one failed request', async () => {
    const [blue, green] = [await makePlace('blue'), await makePlace('green')];
    await blue.open();
    const caddy = await startCaddy(NAMELESS_FILE, {
      'api-blue:5000': blue.port,
      'api-green:5000': green.port,
    });
    const clients = Array.from({ length: 4 }, () => startClient(caddy));
    try {
      await answering(clients, 'blue');
      for (const [before, next, name] of [
        [blue, green, 'green'],
        [green, blue, 'blue'],
        [blue, green, 'green'],
      ] as const) {
        await next.open();
        before.turnRed();
        await answering(clients, name);
        await before.close();
      }
    } finally {
      await Promise.all(clients.map(({ stop }) => stop()));
      await caddy.stop();
      await Promise.all([blue.close(), green.close()]);
    }
    expect(clients.flatMap(({ failed }) => failed)).toEqual([]);
  }, 60_000);

  it('has an authority whose certificate a rollout prints, and nothing where there is none', async () => {
    const soon = NAMELESS_FILE.replace('lb_try_duration 10s', 'lb_try_duration 100ms');
    const caddy = await startCaddy(soon, {});
    const disk = mkdtempSync(join(tmpdir(), 'tsdb-disk-'));
    try {
      const print = () =>
        spawnSync('bash', ['-euc', `. "$1"; print_authority`, '-', join(__dirname, 'release', 'api.sh')], {
          env: { PATH: process.env.PATH, TSDB_ROOT: disk },
          stdio: ['ignore', 'pipe', 'pipe'],
          encoding: 'utf8',
        });
      expect(print()).toMatchObject({ status: 0, stdout: '', stderr: '' });
      mkdirSync(join(disk, 'caddy'));
      symlinkSync(caddy.dataFolder, join(disk, 'caddy', 'data'));
      const authority = new X509Certificate(print().stdout);
      expect(authority).toMatchObject({
        ca: true,
        subject: expect.stringContaining('Caddy Local Authority'),
      });
      // Terraform reads it from the last 4 KB of what the run command printed.
      expect(print().stdout.length).toBeLessThan(2_000);
    } finally {
      await caddy.stop();
      rmSync(disk, { recursive: true });
    }
  });

  it('says in the words of the API that nobody is there', async () => {
    const soon = NAMELESS_FILE.replace('lb_try_duration 10s', 'lb_try_duration 100ms');
    const [blue, green] = [await makePlace('blue'), await makePlace('green')];
    const caddy = await startCaddy(soon, { 'api-blue:5000': blue.port, 'api-green:5000': green.port });
    const { status, headers, text } = await caddy.ask('GET', '/api/sensors');
    await caddy.stop();
    expect([status, headers['content-type'], headers['retry-after']]).toEqual([
      503,
      'application/problem+json',
      '5',
    ]);
    expect(JSON.parse(text)).toMatchObject({ title: 'Service Unavailable', status: 503 });
  });
});

/** Waits until a place answers all of them; a request that fails ends the wait, and so do too many answers of another. */
async function answering(clients: readonly ReturnType<typeof startClient>[], name: string): Promise<void> {
  const before = clients.map(({ answers }) => answers());
  while (clients.some(({ last }) => last() !== name)) {
    expect(clients.flatMap(({ failed }) => failed)).toEqual([]);
    if (clients.every(({ answers }, at) => answers() > (before[at] ?? 0) + 500))
      throw new Error(`${name} does not get the requests`);
    await new Promise(setImmediate);
  }
}

/** One request after the other, reads and writes in turn, until it is stopped. */
function startClient(caddy: Caddy) {
  let going = true;
  let last = '';
  let answers = 0;
  const failed: string[] = [];
  const done = (async () => {
    for (let turn = 0; going; turn += 1) {
      try {
        const { status, text } = await caddy.ask(turn % 2 === 0 ? 'GET' : 'POST', '/api/sensors');
        answers += 1;
        if (status === 200) last = text;
        else failed.push(`${status} ${text}`);
      } catch (error) {
        failed.push(String(error));
      }
    }
  })();
  return {
    failed: failed as readonly string[],
    last: () => last,
    answers: () => answers,
    stop: () => {
      going = false;
      return done;
    },
  };
}
