#!/bin/sh
# Builds the Debian package in a fresh Debian, as in a container of the release, and tries it there.

set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# The compiler is for 32-bit ARM, for which two of the pinned packages have no binaries.
apt-get -qq install --yes --no-install-recommends \
    python3-venv python3-dev gcc libc6-dev libffi-dev adduser ca-certificates
env=$(mktemp -d)
trap 'rm -rf "$env"' EXIT
trap 'exit 130' INT TERM
python3 -m venv "$env"
"$env/bin/pip" --quiet install --require-hashes -r requirements/build.txt
package=$(sh tools/build-deb.sh "$env/bin/python" | tail -n 1)
dpkg -i "$package"
enphase-exporter --version
enphase-exporter rules >/dev/null
# importing what `serve` needs loads every compiled module
ENPHASE_HOST=127.0.0.1:1 timeout --preserve-status 20 enphase-exporter serve --web.listen-address=127.0.0.1:0
