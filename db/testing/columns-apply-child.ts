// A child process for tests: applies one of `conversions`, to be killed while it does.
import { applySets } from './apply';
import { conversions } from './columns-sets';

const [url = '', name = ''] = process.argv.slice(2);
applySets(url, [conversions[name as keyof typeof conversions]], ['rewrites-data', 'drops-object']).catch(
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  },
);
