// Functions in SQL as declared.
import { qualifiedName } from './names';

/**
 * Declares a function in SQL.
 * @throws UsageError when the name is malformed.
 */
export function sqlFunction(
  name: string,
  spec: Pick<SqlFunction, 'args' | 'returns' | 'volatility' | 'body'>,
): SqlFunction {
  return Object.freeze({ ...spec, kind: 'function', ...qualifiedName(name) });
}

/** A function in SQL, e.g. a growth rate. */
export interface SqlFunction {
  readonly kind: 'function';
  readonly schema: string;
  readonly name: string;
  /** As in CREATE FUNCTION: `current numeric, previous numeric`. */
  readonly args: string;
  readonly returns: string;
  readonly volatility: 'immutable' | 'stable' | 'volatile';
  /** One SQL query. */
  readonly body: string;
}
