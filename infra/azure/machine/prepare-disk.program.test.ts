// Runs the boot script of the data disk for real, in a temporary folder; only the commands that touch a device are stand-ins.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEBI = 1024 * 1024;
const UUID = '0f0e0d0c-aaaa-bbbb-cccc-000102030405';

const LAST_ARGUMENT = 'for last; do :; done';

// The stand-in for mkfs leaves a mark on the disk that the stand-in for blkid recognises.
const STAND_INS = {
  mountpoint: '[ -e "$ROOM/mounted" ]',
  mount: 'touch "$ROOM/mounted"',
  systemctl: ':',
  'mkfs.xfs': `${LAST_ARGUMENT}; echo formatted >>"$ROOM/log"; printf xfs_signature | dd of="$last" conv=notrunc status=none`,
  blkid: [
    '[ -z "$BLKID_ANSWER" ] || exit "$BLKID_ANSWER"',
    LAST_ARGUMENT,
    'kind=$(head -c 16 "$last" | tr -d "\\0")',
    'case $kind in xfs*) type=xfs ;; ext4*) type=ext4 ;; *) exit 2 ;; esac',
    `case " $* " in *" TYPE "*) echo "$type" ;; *" UUID "*) echo ${UUID} ;; esac`,
  ].join('\n'),
};

let room: string;

beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'tsdb-boot-'));
  mkdirSync(join(room, 'bin'));
  for (const [name, body] of Object.entries(STAND_INS)) {
    writeFileSync(join(room, 'bin', name), `#!/usr/bin/env bash\n${body}\n`);
    chmodSync(join(room, 'bin', name), 0o755);
  }
  writeFileSync(join(room, 'fstab'), 'UUID=1 / ext4 defaults 0 1\n');
});

afterEach(() => rmSync(room, { recursive: true, force: true }));

function run(script: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stderr } = spawnSync('bash', [join(__dirname, 'boot', script), ...args], {
    encoding: 'utf8',
    env: {
      PATH: `${join(room, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`,
      ROOM: room,
      FSTAB: join(room, 'fstab'),
      ...env,
    },
  });
  return { status, stderr };
}

function disk(content: Buffer | string): string {
  const path = join(room, 'disk');
  const blank = Buffer.alloc(20 * MEBI);
  Buffer.from(content).copy(blank);
  writeFileSync(path, blank);
  return path;
}

const text = (name: string) => (existsSync(join(room, name)) ? readFileSync(join(room, name), 'utf8') : '');
const prepareDisk = (device: string, env?: Record<string, string>) =>
  run('prepare-disk.sh', [join(room, 'mnt'), '0', '/no/such/lun', device], env);

describe('prepare-disk.sh', () => {
  it('formats a blank disk and mounts it by UUID', () => {
    expect(prepareDisk(disk(''))).toMatchObject({ status: 0 });
    expect(text('log')).toBe('formatted\n');
    expect(text('fstab')).toContain(
      `UUID=${UUID} ${join(room, 'mnt')} xfs noatime,nofail,x-systemd.device-timeout=10min 0 2\n`,
    );
    expect(existsSync(join(room, 'mounted'))).toBe(true);
  });

  it('mounts a disk that comes with a file system, as after the replacement of the machine', () => {
    expect(prepareDisk(disk('xfs_signature'))).toMatchObject({ status: 0 });
    expect(text('log')).toBe('');
    expect(existsSync(join(room, 'mounted'))).toBe(true);
  });

  it('adds one line to fstab however often it runs, and does nothing once mounted', () => {
    const device = disk('');
    prepareDisk(device);
    rmSync(join(room, 'mounted'));
    expect(prepareDisk(device)).toMatchObject({ status: 0 });
    expect(prepareDisk('/no/such/disk')).toMatchObject({ status: 0 });
    expect(text('fstab').split('\n')).toHaveLength(3);
    expect(text('log')).toBe('formatted\n');
  });

  it.each([
    ['another file system', 'ext4', {}, "holds 'ext4' instead of an xfs file system"],
    ['data without a signature', `${'\0'.repeat(9 * MEBI)}data`, {}, 'is not blank'],
    ['a disk that blkid finds ambiguous', '', { BLKID_ANSWER: '8' }, 'cannot make out'],
  ])('refuses %s and leaves it as it is', (_what, content, env, message) => {
    const device = disk(content);
    const before = readFileSync(device);
    const outcome = prepareDisk(device, env);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toContain(message);
    expect(readFileSync(device).equals(before)).toBe(true);
    expect(existsSync(join(room, 'mounted'))).toBe(false);
  });

  it('fails when no disk turns up', () => {
    expect(prepareDisk('/no/such/disk')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('no data disk after 0 s'),
    });
  });
});
