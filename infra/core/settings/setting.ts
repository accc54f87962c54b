// The shape of one setting: an environment variable, its default, its meaning and its place in infra/environments.ts.

/** One environment variable. `default` is the text that stands in when nobody says anything else. */
export interface Setting<Field extends string = string> {
  readonly name: string;
  /** The value of infra/environments.ts that the variable overrides; none for what differs from run to run. */
  readonly field?: Field;
  readonly default: string;
  readonly meaning: string;
}

/** A value as an environment declares it; lists become comma-separated text, records `key=value` pairs. */
export type EnvironmentValue =
  | string
  | number
  | boolean
  | readonly string[]
  | Readonly<Record<string, string>>;
