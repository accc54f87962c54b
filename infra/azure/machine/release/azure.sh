# shellcheck shell=bash
# Requests to Azure with the identity of the machine. Sourced by the scripts of a release and copied into the run command.
# Variables are written without braces, which Terraform would take for a template.

METADATA_URL=$(printenv METADATA_URL || echo http://169.254.169.254)

# It takes minutes until the roles of a new identity work everywhere, so requests are retried for long.
azure_retries=$(printenv TSDB_AZURE_RETRIES || echo 20)
azure_curl() {
  curl --silent --show-error --fail --connect-timeout 10 --retry "$azure_retries" --retry-delay 15 --retry-all-errors "$@"
}

# azure_token RESOURCE: prints a token for it.
azure_token() {
  azure_curl --noproxy '*' --header 'Metadata: true' --get --data-urlencode "resource=$1" \
    --data api-version=2018-02-01 "$METADATA_URL/metadata/identity/oauth2/token" |
    jq --raw-output --exit-status .access_token
}

# azure_request RESOURCE URL [ARGUMENT OF CURL...]: passes the token on standard input, so that no process list shows it.
azure_request() {
  local resource=$1 url=$2 token
  shift 2
  token=$(azure_token "$resource") || return 1
  printf 'header = "Authorization: Bearer %s"\n' "$token" | azure_curl --config - "$@" "$url"
}

# azure_facts: prints the machine's user data, a JSON document.
azure_facts() {
  azure_curl --noproxy '*' --header 'Metadata: true' \
    "$METADATA_URL/metadata/instance/compute/userData?api-version=2021-01-01&format=text" | base64 --decode
}
