// Reads settings, one table at a time.
import type { DeclaredOf, Fault, SettingTable, ValuesOf } from './setting';

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Gives a function that reads a table. A variable wins over what the chosen environment declares, which wins over the
 * default; an empty variable counts as unset.
 */
export function settingsReader(env: Variables, fault: Fault) {
  return <Table extends SettingTable>(table: Table, declared: DeclaredOf<Table> = {}): ValuesOf<Table> => {
    const ofEnvironment = new Map<string, unknown>(Object.entries(declared));
    const values = Object.entries(table).map(([field, setting]) => {
      const given = env[setting.name]?.trim() || (ofEnvironment.get(field) ?? setting.default ?? '');
      return [field, setting.parse(given as never, (what) => fault(`${setting.name} ${what}`))];
    });
    return Object.fromEntries(values) as ValuesOf<Table>;
  };
}
