// For tests: runs a stage of the pipeline on a stack that is synthesised already: `stage-process.ts deploy FOLDER`.
import { deploy } from '../../pipeline/deploy';
import { drift } from '../../pipeline/drift';
import { rollout } from '../../pipeline/rollout';
import { smoke } from '../../pipeline/smoke/smoke';
import type { StackRun } from '../../pipeline/stage';
import { runner } from '../../run-to-exit';

const [, , stage = '', folder = ''] = process.argv;

void runner.untilSignal((signal) => {
  const run: StackRun = { env: process.env, signal, folderOf: async () => folder };
  const stacks = ['kubernetes'];
  switch (stage) {
    case 'deploy':
      return deploy({ stacks, allow: [] }, run);
    case 'drift':
      return drift({ stacks, only: 'infrastructure' }, run);
    case 'rollout':
      return rollout({ stacks }, run);
    case 'smoke':
      return smoke({ url: 'http://127.0.0.1:1', wait: 0 }, run);
    default:
      throw new Error(`there is no stage ${stage} here`);
  }
});
