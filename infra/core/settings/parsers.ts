// The kinds of values that settings have. Each fault says which value was met and what is allowed.
import { isIPv4 } from 'node:net';
import type { Parse } from './setting';

export function matching(pattern: RegExp, expected: string): Parse<string> {
  return (text, fault) => {
    if (!pattern.test(text)) fault(mustBe(expected, text));
    return text;
  };
}

/** As `matching`, but an empty text is allowed as well. */
export function optional(pattern: RegExp, expected: string): Parse<string> {
  const parse = matching(pattern, expected);
  return (text, fault) => (text === '' ? '' : parse(text, fault));
}

export function oneOf<const Allowed extends string>(allowed: readonly Allowed[]): Parse<Allowed> {
  return (text, fault) => {
    if (!includes(allowed, text)) fault(mustBe(`one of ${allowed.join(', ')}`, text));
    return text as Allowed;
  };
}

/** A list of allowed values, sorted and without duplicates. */
export function manyOf<const Allowed extends string>(allowed: readonly Allowed[]): Parse<readonly Allowed[]> {
  return (given, fault) => {
    const values = listOf(given);
    for (const value of values)
      if (!includes(allowed, value)) fault(mustBe(`some of ${allowed.join(', ')}`, value));
    return [...new Set(values)].sort() as Allowed[];
  };
}

export const flag: Parse<boolean> = (given, fault) => oneOf(['true', 'false'])(`${given}`, fault) === 'true';

export function wholeNumber(least: number, most: number): Parse<number> {
  return (given, fault) => {
    const number = Number(given);
    if (!/^\d+$/.test(`${given}`) || number < least || number > most)
      fault(mustBe(`a whole number from ${least} to ${most}`, given));
    return number;
  };
}

export const networks: Parse<readonly string[]> = (given, fault) => {
  const list = listOf(given);
  for (const network of list)
    if (!isNetwork(network)) fault(mustBe('IPv4 networks such as 203.0.113.0/24', network));
  return list;
};

/** A list of values that all have one form. */
export function list(pattern: RegExp, expected: string): Parse<readonly string[]> {
  return (given, fault) => {
    const values = listOf(given);
    for (const value of values) if (!pattern.test(value)) fault(mustBe(expected, value));
    return values;
  };
}

/** Pairs such as `owner=ops`. */
export function pairs(pattern: RegExp, expected: string): Parse<Readonly<Record<string, string>>> {
  return (given, fault) => {
    const list =
      typeof given === 'string'
        ? listOf(given)
        : Object.entries(given).map(([key, value]) => `${key}=${value}`);
    for (const pair of list) if (!pattern.test(pair)) fault(mustBe(expected, pair));
    return Object.fromEntries(list.map((pair) => pair.split('=', 2)));
  };
}

export const dnsName = optional(
  /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
  'a lower-case DNS name such as metrics.example.org',
);

// No `$` or `%`: such a value could turn into a Terraform template.
export const imageReference = optional(
  /^[a-z0-9][a-z0-9._/:-]*(@sha256:[0-9a-f]{64})?$/i,
  'an image reference',
);

/** The name of a resource in a cluster; empty for none. */
export function resourceName(of: string): Parse<string> {
  return optional(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, `the name of ${of}`);
}

/** What a namespace may be called. */
export const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function mustBe(expected: string, got: string | number): string {
  return `must be ${expected}, got "${got}"`;
}

function includes(allowed: readonly string[], value: string): boolean {
  return allowed.includes(value);
}

// An empty variable counts as unset, so "none" is how it takes away what an environment lists. A list is copied, as
// the configuration is frozen and what an environment declares is not.
function listOf(given: string | readonly string[]): readonly string[] {
  if (typeof given !== 'string') return [...given];
  const entries = given === 'none' ? [] : given.split(',');
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
}

function isNetwork(text: string): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  return rest.length === 0 && isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32;
}
