// Counts failed attempts per address, so that nobody can guess keys for long. Each process counts on its own.
import { isIPv6 } from 'node:net';

/** Failed attempts of one minute. */
export interface Attempts {
  /** Seconds until the address may try again; 0 = now. */
  blockedFor(address: string): number;
  failed(address: string): void;
  /** Removes a failure: the attempt turned out to be valid. */
  forgive(address: string): void;
}

const WINDOW_MS = 60_000;
const MOST_ADDRESSES = 10_000;

/** Allows `most` failures in a minute. `now` is a clock in milliseconds. */
export function countAttempts(most: number, now: () => number = () => performance.now()): Attempts {
  const windows = new Map<string, { failures: number; readonly endsAt: number }>();
  const windowOf = (origin: string) => {
    const window = windows.get(origin);
    if (window && window.endsAt > now()) return window;
    windows.delete(origin);
    return undefined;
  };
  return {
    blockedFor: (address) => {
      const window = windowOf(originOf(address));
      return window && window.failures >= most ? Math.ceil((window.endsAt - now()) / 1_000) : 0;
    },
    forgive: (address) => {
      const window = windowOf(originOf(address));
      if (window && window.failures > 0) window.failures -= 1;
    },
    failed: (address) => {
      const origin = originOf(address);
      const window = windowOf(origin);
      if (window) window.failures += 1;
      else {
        windows.set(origin, { failures: 1, endsAt: now() + WINDOW_MS });
        // Insertion order is age: the oldest window ends first.
        if (windows.size > MOST_ADDRESSES) windows.delete(windows.keys().next().value as string);
      }
    },
  };
}

/** What is counted as one address: an owner of one IPv6 address usually has its whole /64 network. */
export function originOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0');
  return [...groups, ...zeros, ...rest].slice(0, 4).join(':');
}
