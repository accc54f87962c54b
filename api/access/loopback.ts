// Addresses and names that only this machine reaches.

/** Whether a host is one of this machine's own. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host);
}
