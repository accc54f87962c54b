import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Token } from 'cdktf';
import { parse } from 'yaml';
import { type CloudConfig, CUSTOM_DATA_LIMIT, cloudInit } from './cloud-init';
import { DATA_DISK_LUN } from './machine-layout';

const document = (): CloudConfig => parse(cloudInit());

describe('cloudInit', () => {
  it('starts with the line that cloud-init looks for and stays far below the limit of Azure', () => {
    expect(cloudInit()).toMatch(/^#cloud-config\n/);
    expect(Buffer.byteLength(cloudInit())).toBeLessThan(CUSTOM_DATA_LIMIT / 8);
  });

  it('means the same to readers of YAML 1.1 and 1.2', () => {
    expect(parse(cloudInit(), { version: '1.1' })).toEqual(parse(cloudInit(), { version: '1.2' }));
  });

  it('holds neither a secret nor a Terraform reference', () => {
    expect(Token.isUnresolved(cloudInit())).toBe(false);
    expect(cloudInit()).not.toMatch(/PRIVATE KEY|PASSWORD|TfToken/i);
  });

  it('looks for the disk under the number that it is attached with, and does not hold up the boot for it', () => {
    const unit = document().write_files.find(({ path }) => path.endsWith('tsdb-disk.service'));
    expect(unit?.content).toContain(`/dev/disk/azure/scsi1/lun${DATA_DISK_LUN}`);
    expect(document().runcmd.at(-1)).toEqual(['systemctl', 'start', '--no-block', 'tsdb-disk.service']);
  });

  it("is valid to cloud-init's own check, where that is installed", () => {
    const folder = mkdtempSync(join(tmpdir(), 'tsdb-cloud-'));
    try {
      writeFileSync(join(folder, 'user-data'), cloudInit());
      const check = spawnSync('cloud-init', ['schema', '--config-file', join(folder, 'user-data')], {
        encoding: 'utf8',
      });
      if (check.error === undefined) expect(check).toMatchObject({ status: 0 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
