// How people call the command line, for messages that tell them to.
import { extname } from 'node:path';

/**
 * The call of a command: `npm run tsdb -- plan` in a clone, `tsdb plan` where the bundled program runs, as in the image.
 * The bundle is one JavaScript file (scripts/bundle.ts); a clone runs the TypeScript sources.
 */
export const invocation = (command: string): string =>
  `${extname(__filename) === '.js' ? 'tsdb' : 'npm run tsdb --'} ${command}`;
