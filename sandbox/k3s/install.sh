#!/bin/sh
# Installs k3s on a server of the sandbox, as get.k3s.io's script does elsewhere: a unit, and what it runs.
# Served with SUPPLY and DATASTORE set before this text. There is no systemd here, so its commands come along.
set -eu
: "${INSTALL_K3S_VERSION:?an exact version}" "${INSTALL_K3S_EXEC:?server or agent}"
unit=k3s
[ "$INSTALL_K3S_EXEC" = server ] || unit=k3s-agent
units=/etc/systemd/system

fetch() {
    curl --fail --silent --show-error --max-time 60 --output "$2.new" "$SUPPLY/$1"
    chmod 755 "$2.new"
    mv "$2.new" "$2"
}

mkdir -p /usr/local/bin /usr/local/sbin /usr/local/lib/k3s "$units/multi-user.target.wants"
fetch k3s /usr/local/bin/k3s
fetch systemctl /usr/local/bin/systemctl
fetch journalctl /usr/local/bin/journalctl
fetch sandbox-services /usr/local/sbin/sandbox-services
printf '{"version": "%s", "datastore": "%s", "claims": "%s"}\n' "$INSTALL_K3S_VERSION" "$DATASTORE" "$SUPPLY/cluster" \
    >/usr/local/lib/k3s/site.json
printf '[Service]\nExecStart=/usr/local/bin/k3s %s\nRestart=always\n' "$INSTALL_K3S_EXEC" >"$units/$unit.service"
ln -sf "$units/$unit.service" "$units/multi-user.target.wants/$unit.service"
[ "${INSTALL_K3S_SKIP_START:-}" = true ] || systemctl restart "$unit"
