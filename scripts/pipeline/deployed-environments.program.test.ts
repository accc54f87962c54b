// Which environments the check for drift looks at. GitHub is a stub that knows some deployments; jq is the real one.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';

const hasJq = spawnSync('jq', ['--version']).status === 0;

describeUnless(hasJq ? undefined : 'jq is not on PATH', 'deployed-environments.sh', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => removeFolder(folder));

  /** @param known environments that GitHub has a deployment of; null when it does not answer */
  function names(known: readonly string[] | null, named = '') {
    const answers = (known ?? []).map((name) => `*environment=${name}\\&*) echo 1 ;;`).join(' ');
    const gh = known === null ? 'exit 1' : `case $2 in ${answers} *) echo 0 ;; esac`;
    writeFileSync(join(folder, 'gh'), `#!/bin/sh\n${gh}\n`, { mode: 0o755 });
    const output = join(folder, 'output');
    const summary = join(folder, 'summary');
    const { status } = spawnSync(join(__dirname, 'deployed-environments.sh'), ['dev', 'prod'], {
      env: {
        PATH: `${folder}${delimiter}${process.env.PATH}`,
        GITHUB_REPOSITORY: 'o/r',
        GITHUB_OUTPUT: output,
        GITHUB_STEP_SUMMARY: summary,
        TSDB_DRIFT_ENVIRONMENTS: named,
      },
    });
    return [
      status,
      existsSync(output) ? readFileSync(output, 'utf8').trim() : '',
      existsSync(summary) ? readFileSync(summary, 'utf8') : '',
    ];
  }

  it('names those that were deployed', () => {
    expect(names(['dev'])).toEqual([0, 'names=["dev"]', '']);
    expect(names(['dev', 'prod']).slice(0, 2)).toEqual([0, 'names=["dev"]\nnames=["dev","prod"]']);
  });

  it('says so when nothing was', () =>
    expect(names([])).toEqual([0, 'names=[]', expect.stringContaining('nothing is compared')]));

  it('takes the list of the setting instead', () =>
    expect(names(null, 'prod, dev')).toEqual([0, 'names=["prod","dev"]', '']));

  it('fails when GitHub does not answer', () => expect(names(null)).toEqual([1, '', '']));
});
