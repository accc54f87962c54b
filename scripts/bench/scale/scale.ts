// npm run bench:scale [-- --rows N] [--sensors N] [--rounds N] [--json] [--record]: one PostgreSQL, one TimescaleDB and one Citus,
// in turns on this machine, and how Citus grows from one worker to three.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeServer, serverFacts } from '../../../db/local/server-facts';
import { processEnvironment } from '../../../db/server/config';
import { note, print, printJson } from '../../output';
import { runner } from '../../run-to-exit';
import { inTurns } from '../in-turns';
import { loadNow, readMachine } from '../machine';
import { constantsOf } from './constants-of';
import { measureGrowth } from './growth';
import { measureSystem } from './measure-system';
import { formatScale } from './print-scale';
import { scaleData } from './scale-data';
import type { ScaleReport } from './scale-report';
import {
  COMPARED_WORKERS,
  type ScaleSystem,
  SHARDS,
  startSystems,
  stopAll,
  withSystemDatabase,
} from './systems';

const CONSTANTS_FILE = join(__dirname, '../../size/constants.json');

interface Flags {
  readonly rows: string;
  readonly sensors: string;
  readonly rounds: string;
  readonly json: boolean;
  readonly record: boolean;
}

async function main({ rows, sensors, rounds, json, record }: Flags, signal: AbortSignal): Promise<number> {
  const data = scaleData(Number(rows), Number(sensors));
  // A day of rows makes every program and file warm.
  const oneDay = scaleData(0, Number(sensors));
  const systems = await startSystems(processEnvironment(), note);
  try {
    const loadBefore = loadNow();
    const works = systems.map(
      (system) => (round: number) =>
        withSystemDatabase(system, COMPARED_WORKERS, (url) =>
          measureSystem(
            { url, engine: system.engine, nodes: usedNodes(system) },
            round === 0 ? oneDay : data,
            { signal, onNote: () => undefined },
          ),
        ),
    );
    const onRound = (round: number): void => note(`round ${round} of ${rounds}`);
    const found = await inTurns({ rounds: Number(rounds), signal, onRound }, works);
    const citus = systems.find(({ engine }) => engine === 'citus');
    const report: ScaleReport = {
      rows: data.rows,
      sensors: data.sensors,
      machine: { ...readMachine(), loadBefore, loadAfter: loadNow() },
      shards: SHARDS,
      systems: await Promise.all(
        systems.map(async (system, at) => ({
          engine: system.engine,
          describe: await describe(system),
          rounds: found[at] ?? [],
        })),
      ),
      growth: citus === undefined ? [] : await measureGrowth(citus, oneDay),
    };
    if (json) printJson(report);
    else print(formatScale(report));
    if (record) writeFileSync(CONSTANTS_FILE, `${JSON.stringify(constantsOf(report), null, 2)}\n`);
  } finally {
    await stopAll(systems);
  }
  return 0;
}

const usedNodes = ({ nodes }: ScaleSystem): readonly string[] =>
  nodes.slice(0, COMPARED_WORKERS + 1).map(({ url }) => url);

async function describe({ engine, nodes }: ScaleSystem): Promise<string> {
  const described = describeServer(await serverFacts(nodes[0]?.url ?? ''), 'private');
  return engine === 'citus' ? `${described}, a coordinator and ${COMPARED_WORKERS} workers` : described;
}

const flag = { type: 'boolean', default: false } as const;
const text = (value: string) => ({ type: 'string', default: value }) as const;
const { values } = parseArgs({
  options: { rows: text('1008000'), sensors: text('100'), rounds: text('3'), json: flag, record: flag },
});
void runner.untilSignal((signal) => main(values, signal));
