#!/bin/sh
# Makes an archive of a Debian that has nothing but Python, and prints its path.
#
#   tools/clean-root.sh
#
# What is to work for a newcomer is tried there: packages are installed into it, images begin with it. It
# is made once and kept in the user's cache; mirror and release of Debian are those of this machine.

set -eu
if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
    echo "a clean root needs root and debootstrap (on Debian: apt-get install debootstrap)" >&2
    exit 1
fi
suite=${SUITE:-$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/enphase-exporter
archive=$cache/debian-$suite-$(dpkg --print-architecture).tar
if [ ! -e "$archive" ]; then
    mkdir -p "$cache"
    root=$(mktemp -d)
    # of its own: another may make one at the same time
    new=$archive.$$
    # what was mounted within is gone before anything is removed
    trap 'umount "$root/proc" "$root/sys" 2>/dev/null || true; rm -rf --one-file-system "$root" "$new"' EXIT
    trap 'exit 130' INT TERM
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' |
        sed -n "s/ $suite\$//p" | head -n 1)
    echo "Making a Debian $suite: minutes, once" >&2
    debootstrap --variant=minbase --include=adduser,ca-certificates,python3-venv \
        "$suite" "$root" "${mirror:?no mirror of $suite is configured}" >"$cache/debootstrap.log" 2>&1 || {
        tail -n 5 "$cache/debootstrap.log" >&2
        exit 1
    }
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root/etc/resolv.conf"
    chmod 755 "$root"
    # whoever looks in the meantime finds all of it or nothing
    tar -C "$root" --one-file-system -cf "$new" .
    mv "$new" "$archive"
fi
echo "$archive"
