// Amounts of memory in the one spelling that Kubernetes gives back.

/**
 * `2048` is `2Gi`, `1536` stays `1536Mi`. The operator writes each object anew, in the shortest spelling; any other one
 * would come back changed, and Terraform takes that for an error of the provider.
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
