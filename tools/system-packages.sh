#!/bin/sh
# Provides what pip cannot: asks whether it is there, and installs the Debian package when root may.
#
#   tools/system-packages.sh venv PYTHON   PYTHON can make virtual environments, or this fails
#   tools/system-packages.sh promtool …    these commands; says what stays missing, never fails

set -eu

# A package installed for one of its tools must not serve anything: not now, and not after the next boot.
keep_service_off() {
    policy=/usr/sbin/policy-rc.d
    [ ! -e "$policy" ] || return 0 # the machine has a rule of its own, and keeps it
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}

disable_service() {
    {
        invoke-rc.d "$1" stop # it did start where a rule of the machine's own allows that
        deb-systemd-helper disable "$1.service"
        update-rc.d "$1" disable
    } >/dev/null 2>&1 || true # not every package has a service
}

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

install_package() (
    may_install || exit 1
    echo "Installing the Debian package $1"
    keep_service_off || exit 1
    log=$(mktemp)
    if ! { apt_get update && apt_get install --yes --no-install-recommends "$1"; } >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        rm -f "$log"
        exit 1
    fi
    rm -f "$log"
    disable_service "$1"
)

package_of() {
    case $1 in
    promtool) echo prometheus ;;
    amtool) echo prometheus-alertmanager ;;
    *) echo "$1" ;;
    esac
}

need_venv() {
    has_venv='import ensurepip, venv'
    ! "$1" -c "$has_venv" 2>/dev/null || return 0
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    install_package "$package" || true
    "$1" -c "$has_venv" 2>/dev/null || {
        echo "$1 cannot make virtual environments: install its venv module (on Debian: apt-get install $package)" >&2
        exit 1
    }
}

want_command() {
    ! command -v "$1" >/dev/null || return 0
    package=$(package_of "$1")
    install_package "$package" || true
    command -v "$1" >/dev/null ||
        echo "$1 is missing, so what needs it cannot run (on Debian: apt-get install $package)" >&2
}

if [ "$1" = venv ]; then
    need_venv "$2"
else
    for command; do want_command "$command"; done
fi
