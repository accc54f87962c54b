import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dockerWorks, runArguments } from './docker';
import { removeFolder, temporaryFolder } from './testing/places';

describe('runArguments', () => {
  const args = runArguments({ name: 'tsdb-1', port: 5599, envFile: '/data/container.env' });

  it('publishes on loopback, keeps the data in a volume and the password out of the arguments', () => {
    expect(args).toEqual(
      expect.arrayContaining([
        '--publish=127.0.0.1:5599:5432',
        '--volume=tsdb-1:/var/lib/postgresql/data',
        '--env-file=/data/container.env',
      ]),
    );
  });

  it('puts options before the pinned image and server settings after it', () => {
    const image = args.indexOf('timescale/timescaledb:2.29.2-pg17');
    expect(args[0]).toBe('run');
    expect(args.slice(1, image).every((arg) => arg.startsWith('--'))).toBe(true);
    expect(args.slice(image + 1, image + 4)).toEqual(['postgres', '-c', 'timezone=UTC']);
  });
});

describe('dockerWorks', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => removeFolder(folder));

  const withClient = (body: string, patienceMs?: number): Promise<boolean> => {
    writeFileSync(join(folder, 'docker'), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return dockerWorks({ PATH: folder }, patienceMs);
  };

  it('is true when the engine answers', async () => {
    expect(await withClient('test "$1" = info && echo 28.2.2')).toBe(true);
  });

  it('is false without an engine and without a client', async () => {
    expect(await withClient('echo "Cannot connect to the Docker daemon" >&2; exit 1')).toBe(false);
    expect(await dockerWorks({ PATH: join(folder, 'empty') })).toBe(false);
  });

  it('is false when the engine does not answer in time', async () => {
    // Far longer than this test may take.
    expect(await withClient('exec /bin/sleep 600', 200)).toBe(false);
  });
});
