#!/bin/sh
# Builds the container image with buildah, or docker, from the Dockerfile: what a release publishes.
#
#   tools/build-image.sh [exporter|demo]
#
# It begins with the Debian of tools/clean-root.sh, which needs no registry; BASE=IMAGE names another start.
# The image is called enphase-exporter, or enphase-exporter-demo.

set -eu
target=${1:-exporter}
case $target in
exporter) name=localhost/enphase-exporter ;;
demo) name=localhost/enphase-exporter-demo ;;
*) echo "usage: tools/build-image.sh [exporter|demo]" >&2 && exit 2 ;;
esac
command -v buildah >/dev/null || {
    echo "buildah is missing (on Debian: apt-get install buildah)" >&2
    exit 1
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

# Within the build, packages come from where they come from on this machine.
pip_conf=$folder/pip.conf
printf '[global]\ndisable-pip-version-check = true\n' >"$pip_conf"
set -- --volume "$pip_conf:/etc/pip.conf:ro"
certificates=${PIP_CERT:-}
if [ -n "$certificates" ]; then
    echo "cert = /etc/pip-certificates.pem" >>"$pip_conf"
    set -- "$@" --volume "$certificates:/etc/pip-certificates.pem:ro"
fi
if [ -z "${BASE:-}" ]; then
    archive=$(sh tools/clean-root.sh)
    BASE=localhost/enphase-exporter-base:$(cksum <"$archive" | cut -d ' ' -f 1)
    if ! buildah inspect --type image "$BASE" >/dev/null 2>&1; then
        container=$(buildah from scratch)
        buildah add --quiet "$container" "$archive" / >/dev/null
        buildah commit --quiet --rm "$container" "$BASE" >/dev/null
    fi
fi
revision=${REVISION:-$(git rev-parse HEAD 2>/dev/null || echo unknown)}
buildah build --quiet --isolation chroot --network host "$@" --format docker --target "$target" --tag "$name" --layers \
    --build-arg "BASE=$BASE" --build-arg "REVISION=$revision" . >/dev/null
echo "$name"
