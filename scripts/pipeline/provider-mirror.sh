#!/usr/bin/env bash
# Fetches the providers of the synthesised stacks into FOLDER, and writes FOLDER/terraform.rc, which makes Terraform take them from
# there when TF_CLI_CONFIG_FILE names it. Needs `npm run pipeline:synth` before it. usage: provider-mirror.sh FOLDER
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
out=$(dirname "$0")/../../cdktf.out
found=0
while IFS= read -r stack; do
  found=1
  terraform -chdir="$(dirname "$stack")" providers mirror "$folder"
done < <(find "$out" -name cdk.tf.json)
[ "$found" = 1 ] || { echo "provider-mirror: there is no stack in $out; run npm run pipeline:synth first" >&2; exit 1; }
cat >"$folder/terraform.rc" <<RC
provider_installation {
  filesystem_mirror {
    path = "$folder"
  }
}
RC
