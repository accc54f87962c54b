// The API under test in a process of its own; it ends when the benchmark disconnects.
import { readConfig } from '../../../api/config';
import { startServer } from '../../../api/server';

process.on('disconnect', () => process.exit(0));
void startServer(readConfig(), { signals: 'ignore' }).then(() => process.send?.('listening'));
