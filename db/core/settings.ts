// What a setting is. Each island lists its own settings, and a test compares the table in the docs with these lists.

/** Environment variables. They are passed as an argument, because only config files read `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One environment variable. `default` is used when the variable is unset or empty; `''` means that there is no default. */
export interface Setting {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}
