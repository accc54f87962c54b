// Amounts of memory and disk in the spelling that Kubernetes returns.

/**
 * `2048` is `2Gi`, `1536` stays `1536Mi`. The operator rewrites each object with the shortest spelling. Any other
 * spelling would come back changed, which Terraform treats as an error of the provider.
 */
export function memoryQuantity(memoryMiB: number): string {
  const units = ['Mi', 'Gi', 'Ti'];
  let amount = memoryMiB;
  let unit = 0;
  while (amount % 1024 === 0 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount}${units[unit]}`;
}
