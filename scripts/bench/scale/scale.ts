// npm run bench:scale [-- --rows N] [--rounds N] [--json] [--record]: one PostgreSQL, one TimescaleDB and one Citus side by side.
import { parseArgs } from 'node:util';
import { describeServer, serverFacts } from '../../../db/local/server-facts';
import { processEnvironment } from '../../../db/server/config';
import { note, printJson } from '../../output';
import { runner } from '../../run-to-exit';
import { withDatabases } from '../databases';
import { inTurns } from '../in-turns';
import { loadNow, readMachine } from '../machine';
import { measureSystem, type SystemRound } from './measure-system';
import { scaleData } from './scale-data';
import { startSystems, stopAll } from './systems';

interface Flags {
  readonly rows: string;
  readonly sensors: string;
  readonly rounds: string;
  readonly json: boolean;
  readonly record: boolean;
}

async function main({ rows, sensors, rounds }: Flags, signal: AbortSignal): Promise<number> {
  const env = processEnvironment();
  const control = { signal, onNote: note };
  const data = scaleData(Number(rows), Number(sensors));
  const small = scaleData(0, Number(sensors));
  const systems = await startSystems(env, note);
  try {
    const loadBefore = loadNow();
    const works = systems.map(
      (system) =>
        (round: number): Promise<SystemRound> =>
          withDatabases(system.url, control, (use) =>
            use(`scale_${system.engine}`, (url) =>
              measureSystem({ ...system, url }, round === 0 ? small : data, {
                signal,
                onNote: () => undefined,
              }),
            ),
          ),
    );
    const onRound = (round: number): void => note(`round ${round} of ${rounds}`);
    const found = await inTurns({ rounds: Number(rounds), signal, onRound }, works);
    printJson({
      found,
      loadBefore,
      loadAfter: loadNow(),
      machine: readMachine(),
      rows: data.rows,
      servers: await Promise.all(
        systems.map(async ({ url, engine }) => [engine, describeServer(await serverFacts(url), 'private')]),
      ),
    });
  } finally {
    await stopAll(systems);
  }
  return 0;
}

const flag = { type: 'boolean', default: false } as const;
const text = (value: string) => ({ type: 'string', default: value }) as const;
const { values } = parseArgs({
  options: { rows: text('1000000'), sensors: text('100'), rounds: text('3'), json: flag, record: flag },
});
void runner.untilSignal((signal) => main(values, signal));
