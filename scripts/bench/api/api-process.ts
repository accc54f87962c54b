// The API of `npm run bench:api` in a process of its own; ends when the bench lets go of it.
import { readConfig } from '../../../api/config';
import { startServer } from '../../../api/server';

process.on('disconnect', () => process.exit(0));
void startServer(readConfig(), { signals: 'ignore' }).then(() => process.send?.('listening'));
