#!/bin/sh
# Checks the pinned packages against the Python Packaging Advisory Database.
#
#   tools/audit.sh PYTHON [requirements file …]     default: what is shipped, requirements/run.txt
#
# Exits with 0 without a known vulnerability, 1 with one, 2 when a package could not be checked. The tool lives in an
# environment that is thrown away; nothing that is audited is installed.

set -eu
python=$1
shift
[ $# -gt 0 ] || set -- requirements/run.txt

env=$(mktemp -d)
trap 'rm -rf "$env"' EXIT
trap 'exit 130' INT TERM
"$python" -m venv "$env"
"$env/bin/python" -m pip --quiet --disable-pip-version-check --no-input install pip-audit==2.9.0 || {
    echo "audit: the tool pip-audit cannot be installed here; nothing was checked" >&2
    exit 2
}

result=0
for file; do
    # With vulnerabilities it ends with 1, too, and the report says which.
    "$env/bin/pip-audit" --progress-spinner=off --timeout=10 --disable-pip --require-hashes --format=json \
        --requirement "$file" --output "$env/report" 2>"$env/errors" || [ -s "$env/report" ] || {
        echo "audit: the vulnerability service cannot be reached; $file was not checked" >&2
        [ "$result" = 1 ] || result=2
        continue
    }
    status=0
    "$python" -m tools.audit_report "$env/report" "$file" || status=$?
    case $status in
    0) ;;
    1) result=1 ;;
    *) [ "$result" = 1 ] || result=2 ;;
    esac
    rm "$env/report"
done
exit "$result"
