import { spawnSync } from 'node:child_process';
import { Token } from 'cdktf';
import { parse } from 'yaml';
import { IMAGE_FLAVOURS, type ImageFlavour } from '../core/pins';
import { type CloudConfig, CUSTOM_DATA_LIMIT, cloudInit } from './cloud-init';

const SIZE = { cpus: 2, memoryMiB: 7168 };

function boot(image: ImageFlavour = IMAGE_FLAVOURS.alpine): CloudConfig {
  return parse(cloudInit(image, SIZE));
}

function file(path: string, image?: ImageFlavour): string {
  const found = boot(image).write_files.find((candidate) => candidate.path === path);
  if (found === undefined) throw new Error(`cloud-init writes no ${path}`);
  return found.content;
}

describe('cloudInit', () => {
  it('starts with the line that cloud-init looks for and stays far below the limit of Azure', () => {
    const text = cloudInit(IMAGE_FLAVOURS.alpine, SIZE);
    expect(text).toMatch(/^#cloud-config\n/);
    expect(Buffer.byteLength(text)).toBeLessThan(CUSTOM_DATA_LIMIT / 4);
  });

  it('refuses to outgrow what Azure accepts', () => {
    const image = { ...IMAGE_FLAVOURS.alpine, image: 'x'.repeat(CUSTOM_DATA_LIMIT) };
    expect(() => cloudInit(image, SIZE)).toThrow(RangeError);
  });

  it('means the same to readers of YAML 1.1 and 1.2', () => {
    const image = { ...IMAGE_FLAVOURS.alpine, uid: 10, gid: 20 };
    for (const text of [cloudInit(image, SIZE), file('/etc/tsdb/compose.yaml', image)]) {
      expect(parse(text, { version: '1.1' })).toEqual(parse(text, { version: '1.2' }));
    }
    expect(parse(file('/etc/tsdb/compose.yaml', image), { version: '1.1' }).services.timescaledb.user).toBe(
      '10:20',
    );
  });

  it('holds neither a secret nor a Terraform reference', () => {
    const text = cloudInit(IMAGE_FLAVOURS.alpine, SIZE);
    expect(Token.isUnresolved(text)).toBe(false);
    expect(text).not.toMatch(/PRIVATE KEY|POSTGRES_PASSWORD[^_]|TfToken/);
  });

  it('writes shell scripts that bash and shellcheck accept', () => {
    const scripts = boot().write_files.filter(({ permissions }) => permissions === '0755');
    expect(scripts.map(({ path }) => path)).toEqual([
      '/usr/local/lib/tsdb/prepare-disk.sh',
      '/usr/local/lib/tsdb/prepare-folders.sh',
    ]);
    for (const { content: input } of scripts) {
      expect(spawnSync('bash', ['-n'], { input, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
      const lint = spawnSync('shellcheck', ['-'], { input, encoding: 'utf8' });
      // shellcheck is a second opinion: a machine without it has bash's
      if (lint.error === undefined) expect(lint.stdout).toBe('');
    }
  });

  it('starts the database only on the mounted data disk', () => {
    const unit = file('/etc/systemd/system/tsdb.service');
    for (const line of [
      'Requires=tsdb-disk.service',
      'RequiresMountsFor=/srv/tsdb',
      'ConditionPathIsMountPoint=/srv/tsdb',
    ]) {
      expect(unit.split('\n')).toContain(line);
    }
    expect(file('/etc/systemd/system/tsdb-disk.service')).toContain('/dev/disk/azure/scsi1/lun10');
  });

  it('does not hold up the boot for a disk that comes after it', () => {
    expect(boot().runcmd.at(-1)).toEqual(['systemctl', 'start', '--no-block', 'tsdb.service']);
  });
});

describe.each(Object.entries<ImageFlavour>(IMAGE_FLAVOURS))('the compose file for %s', (_name, image) => {
  const { timescaledb } = parse(file('/etc/tsdb/compose.yaml', image)).services;

  it('publishes the database on the loopback address only', () => {
    expect(timescaledb.ports).toEqual(['127.0.0.1:5432:5432']);
  });

  it('puts PGDATA on the data disk and never makes a missing folder', () => {
    const [data] = timescaledb.volumes;
    expect(data).toMatchObject({
      source: '/srv/tsdb/postgres',
      target: image.dataMount,
      bind: { create_host_path: false },
    });
    expect(timescaledb.environment.PGDATA.startsWith(`${data.target}/`)).toBe(true);
  });

  it("runs the pinned image as its own user, without capabilities, and is not started by Docker's own boot", () => {
    expect(timescaledb).toMatchObject({
      image: image.image,
      user: `${image.uid}:${image.gid}`,
      cap_drop: ['ALL'],
      read_only: true,
      restart: 'on-failure',
    });
    expect(file('/etc/systemd/system/tsdb.service', image)).toContain(
      `prepare-folders.sh /srv/tsdb ${image.uid} ${image.gid}\n`,
    );
  });

  it('passes the computed settings and the password as a file', () => {
    expect(timescaledb.command).toContain('shared_buffers=1792MB');
    expect(timescaledb.environment.POSTGRES_PASSWORD_FILE).toBe(timescaledb.volumes[1].target);
  });
});
