#!/bin/sh
# Builds the Debian package into dist/, for the release of Debian and the processor that it runs on.
#
#   tools/build-deb.sh PYTHON [pip option …]
#
# PYTHON is an environment with pip and hatchling, of any version; the package uses Debian's own Python,
# whose minor version its compiled modules are for. Everything comes pinned from requirements/run.txt;
# with `--no-index --find-links DIR` from wheels in a folder, without a network.

set -eu
python=$1
shift
debian_python=/usr/bin/python3
for need in dpkg-deb "$debian_python"; do
    command -v "$need" >/dev/null || { echo "$need is missing: Debian packages are built on Debian" >&2; exit 1; }
done

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
trap 'exit 130' INT TERM
umask 022
# the commit decides about every time stamp, so that the same commit gives the same package
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
REVISION=${REVISION:-$(git rev-parse HEAD 2>/dev/null || echo unknown)}
PYTHONDONTWRITEBYTECODE=1
export SOURCE_DATE_EPOCH PYTHONDONTWRITEBYTECODE

tree=$root/tree
home=/usr/lib/enphase-exporter
venv=$tree$home
mkdir -p "$tree/DEBIAN" "$root/wheel"
chmod 755 "$tree"

"$debian_python" -m venv --without-pip "$venv"
"$python" -m pip --quiet --no-input --python "$venv/bin/python" install --no-compile \
    --require-hashes -r requirements/run.txt "$@"
"$python" -m pip --quiet wheel --no-deps --no-build-isolation --wheel-dir "$root/wheel" .
"$python" -m pip --quiet --python "$venv/bin/python" install --no-compile --no-deps --no-index "$root"/wheel/*.whl
site=$(echo "$venv"/lib/python3.*/site-packages)
# Nothing outside of its own commands imports the simulator.
rm -r "$site/exporter/simulator"
# Scripts and notes that name the folder of this build; the launcher needs the interpreter alone.
find "$venv/bin" -type f -delete
find "$site" -path '*.dist-info/direct_url.json' -delete
find "$site" -path '*.dist-info/RECORD' -exec sed -i -e '/direct_url\.json/d' -e '/\.\.\/bin\//d' {} +
rm -rf "$venv/include" "$venv/lib64" "$venv/share"
sed -i '/^command/d' "$venv/pyvenv.cfg"
# Ready to run: the service cannot write here, and compiling takes a small machine long.
"$debian_python" -m compileall -q -f -s "$tree" --invalidation-mode unchecked-hash "$site"

sed "s/@REVISION@/$REVISION/" deploy/debian/launcher >"$root/launcher"
install -D -m 755 "$root/launcher" "$tree/usr/bin/enphase-exporter"
install -D -m 644 deploy/debian/enphase-exporter.yml "$tree/etc/enphase-exporter/enphase-exporter.yml"
install -D -m 644 deploy/systemd/enphase-exporter.service \
    "$tree/usr/lib/systemd/system/enphase-exporter.service"
doc=$tree/usr/share/doc/enphase-exporter
install -D -m 644 -t "$doc" README.md CHANGELOG.md
install -D -m 644 LICENSE "$doc/copyright"
install -D -m 644 -t "$doc/examples" examples/*.yml
mkdir -p "$tree/usr/share/enphase-exporter"
cp -r alertmanager grafana/dashboards "$tree/usr/share/enphase-exporter/"

field() { sed -n "s/^$1=//p" /etc/os-release | tr -d '"'; }
architecture=$(dpkg --print-architecture)
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' exporter/__init__.py)+deb$(field VERSION_ID)
needed=$("$debian_python" -c 'import sys
major, minor = sys.version_info[:2]
print(f"python3 (>= {major}.{minor}), python3 (<< {major}.{minor + 1})")')
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@PYTHON@/$needed/" \
    -e "s/@SIZE@/$(du -sk --apparent-size "$tree" | cut -f1)/" deploy/debian/control >"$tree/DEBIAN/control"
echo /etc/enphase-exporter/enphase-exporter.yml >"$tree/DEBIAN/conffiles"
install -m 755 deploy/debian/postinst deploy/debian/prerm deploy/debian/postrm "$tree/DEBIAN/"
chmod -R u+rwX,go+rX,go-w "$tree"
(cd "$tree" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"

mkdir -p dist
package=dist/enphase-exporter_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$tree" "$package" >/dev/null
echo "$package"
