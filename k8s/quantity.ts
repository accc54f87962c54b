// Amounts of memory and disk in the spelling that Kubernetes returns.

/**
 * `2048` is `2Gi`, `1536` stays `1536Mi`. The operator and Terraform's provider write the shortest spelling into the cluster.
 * With any other one, Terraform would find an object of the operator changed, and `kubectl apply` a conflict with Terraform.
 */
export function quantityOf(mebibytes: number): string {
  const units = ['Mi', 'Gi', 'Ti'];
  let amount = mebibytes;
  let unit = 0;
  while (amount % 1024 === 0 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount}${units[unit]}`;
}
