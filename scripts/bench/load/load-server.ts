// The API under load, in a process of its own that also tells how late its event loop is and what it uses.
import { readConfig } from '../../../api/config';
import { startServer } from '../../../api/server';
import { tellUsage } from './usage';

process.on('disconnect', () => process.exit(0));
void startServer(readConfig(), { signals: 'ignore' }).then(() => {
  tellUsage();
  process.send?.('listening');
});
