// Runs reconciler cases that are data: plan → hazards and steps as expected → apply → second plan empty → equal to a fresh build.
import type { SchemaSet } from '../language/schema-set';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { dialectOf, type EngineName, type HazardName, type Plan } from '../model';
import { applied, applySets, execute, planSets } from './apply';
import { readCatalog } from './catalog';
import { schemaFaults } from './plan-schema';

/** Engine `citus` does as `postgres` where nothing is said. */
interface ByEngine<T> {
  readonly timescaledb: T;
  readonly postgres: T;
  readonly citus?: T;
}
type PerEngine<T> = T | ByEngine<T>;

export interface ReconcilerCase {
  readonly name: string;
  /** What is applied first; empty = an empty database. */
  readonly from: readonly SchemaSet[];
  /** Done by hand before planning. */
  readonly drift?: PerEngine<readonly string[]>;
  readonly to: readonly SchemaSet[];
  /** Ids of the expected steps, in order; absent = whatever is left to do beside the refusals. */
  readonly steps?: PerEngine<readonly string[]>;
  readonly hazards?: readonly HazardName[];
  /** Beginnings of the expected refusals (`object what`); a case with refusals is not applied. */
  readonly refusals?: readonly string[];
  /** Undeclared objects that are listed and left alone; the catalog then differs from a fresh build. */
  readonly leaves?: readonly string[];
  readonly engines?: readonly EngineName[];
}

/** Declares one test per case and server. */
export function runCases(cases: readonly ReconcilerCase[]): void {
  describe.each(testServers().map((server) => [server.engine, server] as const))(
    'on %s',
    (engine, server) => {
      const databases: TestDatabase[] = [];
      const databaseWith = async (sets: readonly SchemaSet[]): Promise<string> => {
        const database = await createTestDatabase(server, sets.length > 0 ? applied(sets) : undefined);
        databases.push(database);
        return database.url;
      };
      afterEach(async () => {
        for (const database of databases.splice(0)) await database.drop();
      });

      const applicable = cases.filter((candidate) => candidate.engines?.includes(engine) ?? true);
      it.each(applicable.map((candidate) => [candidate.name, candidate] as const))(
        '%s',
        async (_name, candidate) => {
          const url = await databaseWith(candidate.from);
          await execute(url, ...of(candidate.drift ?? [], engine));

          const plan = await planSets(url, candidate.to);
          expect(plan.server.engine).toBe(engine);
          expect(schemaFaults(plan)).toEqual([]);
          if (candidate.steps) expect(plan.steps.map((step) => step.id)).toEqual(of(candidate.steps, engine));
          expect(hazardNames(plan)).toEqual(candidate.hazards ?? []);
          if (candidate.refusals) {
            expect(plan.refusals.map(({ object, what }) => `${object} ${what}`)).toEqual(
              candidate.refusals.map((text) => expect.stringContaining(text)),
            );
            await expect(applySets(url, candidate.to)).rejects.toMatchObject({ exitCode: 3 });
            return;
          }

          await applySets(url, candidate.to, candidate.hazards ?? []);
          const second = await planSets(url, candidate.to);
          expect({ steps: second.steps, refusals: second.refusals }).toEqual({ steps: [], refusals: [] });

          if (candidate.leaves) {
            expect(second.undeclared).toEqual(candidate.leaves);
            return;
          }
          const fresh = await databaseWith(candidate.to);
          expect(await readCatalog(url, engine)).toEqual(await readCatalog(fresh, engine));
        },
      );
    },
  );
}

const hazardNames = (plan: Plan): readonly HazardName[] =>
  [...new Set(plan.steps.flatMap((step) => step.hazards.map(({ name }) => name)))].sort();

function of<T extends readonly unknown[]>(value: PerEngine<T>, engine: EngineName): T {
  if (Array.isArray(value)) return value as T;
  const each = value as ByEngine<T>;
  return each[engine] ?? each[dialectOf(engine)];
}
