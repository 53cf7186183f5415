#!/bin/sh
# Writes requirements/*.txt from pyproject.toml: exact versions, a hash for every file of each.
#
#   tools/pin-requirements.sh PYTHON [pip-compile option …]
#
# PYTHON is 3.11: newer versions need nothing that the oldest does not, the other way round is not so.
# The options of pip-compile are in pyproject.toml; the tool lives in an environment that is thrown away.

set -eu
python=$1
shift
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    echo "pins are made with the oldest supported Python: make requirements PYTHON=python3.11" >&2
    exit 1
}

env=$(mktemp -d)
trap 'rm -rf "$env"' EXIT
trap 'exit 130' INT TERM
"$python" -m venv "$env"
"$env/bin/python" -m pip --quiet --disable-pip-version-check install pip==26.3 pip-tools==7.6.2

compile() {
    target=requirements/$1.txt
    shift
    echo "$target"
    "$env/bin/pip-compile" --output-file "$target" "$@"
}
compile run "$@" pyproject.toml
compile simulator --extra simulator --constraint requirements/run.txt "$@" pyproject.toml
compile dev --extra dev --extra simulator --constraint requirements/run.txt "$@" pyproject.toml
compile build --only-build-deps --build-deps-for wheel --constraint requirements/dev.txt "$@" pyproject.toml
compile site --constraint requirements/dev.txt "$@" requirements/site.in
