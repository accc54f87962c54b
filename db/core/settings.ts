// What a setting is; each island lists its own, and the README's table is compared with them.

/** Environment variables; passed in as an argument, so that nothing but a config file reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One environment variable. `default` is what stands in when it is unset or empty; `''` = nothing does. */
export interface Setting {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}
