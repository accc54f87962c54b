// The parts that network policies are made of.

/** All pods of a namespace. Every namespace has its name as this label, and nobody can give it another. */
export function inNamespace(name: string) {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
}

/** One port; the provider wants it as text. */
export function port(number: number, protocol: 'TCP' | 'UDP' = 'TCP') {
  return { port: String(number), protocol };
}
