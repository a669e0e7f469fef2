#!/bin/sh
# Install Debian packages that are not there yet: debian-packages.sh PACKAGE…
# Says what it installs; with all of them present it does nothing. Needs root and apt-get.
set -eu

missing=
for package in "$@"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "missing packages:$missing; this system has no apt-get, so install them by hand" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "missing packages:$missing; install them as root: apt-get install$missing" >&2
    exit 1
fi

echo "installing Debian packages:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # the list is split into words on purpose
apt-get install --yes --no-install-recommends $missing >&2 ||
    { apt-get update >&2 && apt-get install --yes --no-install-recommends $missing >&2; }
