// Environment variables in the form that the provider expects.

/** Sorted by name. */
export function environment(variables: Readonly<Record<string, string>>) {
  return Object.entries(variables)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, value }));
}
