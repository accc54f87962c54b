// Reads single settings and remembers every fault, so that all of them are told at once.
import { isIPv4 } from 'node:net';
import { SETTINGS, type SettingName } from '../settings';

/** The caller's settings are wrong. The message lists every fault, one a line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export type Variables = Readonly<Record<string, string | undefined>>;

/** No `$` or `%`: such a value could turn into a Terraform template. */
export const IMAGE_REFERENCE = /^[a-z0-9][a-z0-9._/:-]*(@sha256:[0-9a-f]{64})?$/i;

/** An image that stays what it is: nodes keep what they pulled once, and a new one is told by its new name. */
export const PINNED_IMAGE =
  /^(?!.*:latest$)[a-z0-9][a-z0-9._/:-]*(:[a-z0-9_][a-z0-9._-]*|@sha256:[0-9a-f]{64})$/i;

/** Each method gives the value as it is and notes a fault when it is not as it must be. */
export class Reader {
  private readonly faults: string[] = [];
  private environment: ReadonlyMap<string, string> = new Map();

  constructor(private readonly env: Variables) {
    const known: readonly string[] = SETTINGS.map((setting) => setting.name);
    const unknown = Object.keys(env).filter(
      (name) => name.startsWith('TSDB_DEPLOY_') && !known.includes(name),
    );
    for (const name of unknown.sort()) this.fault(`${name} is not a setting of this deployment`);
  }

  /** From now on these texts stand in for variables that are not set. */
  fallBackOn(texts: ReadonlyMap<string, string>): void {
    this.environment = texts;
  }

  fault(message: string): void {
    this.faults.push(message);
  }

  /** @throws UsageError with one line per fault */
  refuseFaults(): void {
    if (this.faults.length > 0) throw new UsageError(this.faults.join('\n'));
  }

  optional(name: SettingName, pattern: RegExp, expected: string): string {
    const value = this.value(name);
    return value === '' ? '' : this.checked(name, value, pattern.test(value), expected);
  }

  matching(name: SettingName, pattern: RegExp, expected: string): string {
    const value = this.value(name);
    return this.checked(name, value, pattern.test(value), expected);
  }

  oneOf<Allowed extends string>(name: SettingName, allowed: readonly Allowed[]): Allowed {
    const value = this.value(name);
    // A fault ends the run before anybody uses a value that is none of them.
    return this.checked(
      name,
      value,
      (allowed as readonly string[]).includes(value),
      `one of ${allowed.join(', ')}`,
    ) as Allowed;
  }

  manyOf<Allowed extends string>(name: SettingName, allowed: readonly Allowed[]): readonly Allowed[] {
    const values = this.list(name);
    for (const value of values)
      this.checked(
        name,
        value,
        (allowed as readonly string[]).includes(value),
        `some of ${allowed.join(', ')}`,
      );
    return [...new Set(values)].sort() as Allowed[];
  }

  wholeNumber(name: SettingName, least: number, most: number): number {
    const value = this.value(name);
    const inRange = /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most;
    return Number(this.checked(name, value, inRange, `a whole number from ${least} to ${most}`));
  }

  /** A number that has one value only; `because` says why, and the way out. */
  only(name: SettingName, value: string, because: string): number {
    const given = this.value(name);
    if (given !== value) this.fault(`${name} must be ${value}, got "${given}": ${because}`);
    return Number(value);
  }

  networks(name: SettingName): readonly string[] {
    const networks = this.list(name);
    for (const network of networks)
      this.checked(name, network, isNetwork(network), 'IPv4 networks such as 203.0.113.0/24');
    return networks;
  }

  pairs(name: SettingName, pattern: RegExp, expected: string): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.list(name).map((pair) => {
        this.checked(name, pair, pattern.test(pair), expected);
        const [key = '', value = ''] = pair.split('=');
        return [key, value];
      }),
    );
  }

  // An empty variable counts as unset, so "none" is how it takes away what an environment lists.
  private list(name: SettingName): readonly string[] {
    const text = this.value(name);
    return (text === 'none' ? '' : text)
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
  }

  private value(name: SettingName): string {
    const given = this.env[name]?.trim() ?? '';
    if (given !== '') return given;
    return this.environment.get(name) ?? SETTINGS.find((setting) => setting.name === name)?.default ?? '';
  }

  private checked(name: SettingName, value: string, good: boolean, expected: string): string {
    if (!good) this.fault(`${name} must be ${expected}, got "${value}"`);
    return value;
  }
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  return rest.length === 0 && isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32;
}
