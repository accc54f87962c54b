// Addresses and names that only this machine can reach.

/** Whether only this machine can reach the host. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host);
}
