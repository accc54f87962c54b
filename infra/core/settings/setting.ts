// What a setting is: one environment variable, declared once as a row of a table.

/** Takes note of a fault, so that all faults are reported together. */
export type Fault = (message: string) => void;

/**
 * Checks one value and brings it into its final form. The value comes as the text of a variable, or as
 * infra/environments.ts declares it. A faulty value is returned as well: its fault ends the run before anybody uses it.
 * @param fault takes what is wrong; the name of the variable is put before it
 */
export type Parse<Value> = (given: string | Value, fault: Fault) => Value;

export interface Setting {
  /** The environment variable. */
  readonly name: string;
  /** Stands in when neither the variable nor the environment says anything; an empty text when left out. */
  readonly default?: string;
  readonly meaning: string;
  /** Set when infra/environments.ts has no place for it, because it differs from run to run. */
  readonly variableOnly?: true;
  /** A `Parse<Value>` of some value. It is written with `never` and `unknown` so that rows of every type fit. */
  readonly parse: (given: never, fault: Fault) => unknown;
}

/** Settings by the name that their values have in the configuration. */
export type SettingTable = Readonly<Record<string, Setting>>;

/** The checked values of a table. */
export type ValuesOf<Table extends SettingTable> = {
  readonly [Field in keyof Table]: ReturnType<Table[Field]['parse']>;
};

/** What infra/environments.ts may declare of a table. */
export type DeclaredOf<Table extends SettingTable> = {
  readonly [Field in keyof Table as Table[Field] extends { readonly variableOnly: true }
    ? never
    : Field]?: ReturnType<Table[Field]['parse']>;
};
