// The servers of a pipeline run the image that is deployed. Docker is a stub that writes down what it is asked.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { IMAGE_FLAVOURS } from '../../infra/core/pins';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, 'docker'), `#!/bin/sh\necho "$@" >>"${folder}/calls"\n`, { mode: 0o755 });
});
afterEach(() => removeFolder(folder));

function start(...args: readonly string[]) {
  const env = { PATH: `${folder}${delimiter}${process.env.PATH}` };
  return spawnSync(join(__dirname, 'start-timescaledb.sh'), args, { env, encoding: 'utf8' });
}
const images = (): readonly string[] =>
  [...readFileSync(join(folder, 'calls'), 'utf8').matchAll(/^run .* (timescale\S+) /gm)].map(
    ([, image]) => image as string,
  );

describe('start-timescaledb.sh', () => {
  const { image } = IMAGE_FLAVOURS.alpine;
  it.each([
    [[], image],
    [['pg17'], image],
    [['pg18'], image.replace('-pg17', '-pg18')],
  ])('%j runs %s', (args, expected) => {
    expect(start(...args).status).toBe(0);
    expect(images()).toEqual([expected, expected]);
  });

  it('refuses anything else', () => {
    const { status, stderr } = start('latest');
    expect([status, stderr]).toEqual([1, 'start-timescaledb: pg17 or pg18, not latest\n']);
  });
});
