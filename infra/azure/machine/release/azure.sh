# shellcheck shell=bash
# Speaks to Azure as the machine itself. Sourced by the scripts of a release and copied into the run command.
# Variables stand without braces: Terraform would take those for a template of its own.

METADATA_URL=$(printenv METADATA_URL || echo http://169.254.169.254)

# The right of a new identity takes minutes to arrive everywhere, hence the long patience.
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

# azure_request RESOURCE URL [ARGUMENT OF CURL...]: the token goes by standard input, where no list of processes shows it.
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
