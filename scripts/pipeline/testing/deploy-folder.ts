// For tests: `deploy-folder.ts FOLDER` deploys the configuration in a folder, as the stage does, until it is stopped.
import { processEnvironment } from '../../../db/server/config';
import { outliveReaders, runner } from '../../run-to-exit';
import { deploy } from '../deploy';

const [folder = ''] = process.argv.slice(2);
outliveReaders();
void runner.untilSignal((signal) =>
  deploy(
    { stacks: ['first', 'second'], allow: [] },
    { env: processEnvironment(), signal, folderOf: async (stack) => `${folder}/${stack}` },
  ),
);
