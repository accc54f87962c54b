#!/usr/bin/env bash
# Installs the scanners of stage scan into FOLDER/bin, each in one version. usage: install.sh FOLDER
# Needs Python with venv, and Go. Python's packages are held to the hashes in requirements.txt, the Go module to Go's checksum
# database.
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
  --requirement "$(dirname "$0")/requirements.txt"
GOBIN=$folder/bin go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
