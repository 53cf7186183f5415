#!/bin/sh
# Checks the GitHub workflows: actionlint for mistakes, zizmor for security.
#
# actionlint is a Go program: it is taken from PATH or .venv/bin, or built there when Go is installed.
# Without it zizmor alone runs and a line says so; under CI=true that is a failure.

set -eu
version=v1.7.7
actionlint=$(command -v actionlint || true)
[ -n "$actionlint" ] || actionlint=.venv/bin/actionlint
if [ ! -x "$actionlint" ] && command -v go >/dev/null; then
    GOBIN=$(cd .venv/bin && pwd) go install "github.com/rhysd/actionlint/cmd/actionlint@$version" 2>/dev/null || true
fi
if [ -x "$actionlint" ]; then
    "$actionlint"
elif [ "${CI:-}" = true ]; then
    echo "actionlint is missing and Go cannot build it, so the workflows are not checked" >&2
    exit 1
else
    echo "actionlint is missing (it needs Go); only zizmor checks the workflows" >&2
fi
.venv/bin/zizmor --offline --quiet .github
