"""k3s: its releases in the catalogue of this repository, and the settings with which a server joins."""

import re
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from guardrails.mechanism.addresses import private
from guardrails.mechanism.shapes import Entry, fixed, listed, maybe, number, one_of, shape, table_in, text, unknown
from guardrails.mechanism.view import Outcome, View

_in = table_in(__name__)
_VERSIONS: Final = Path(__file__).resolve().parents[3] / "components" / "versions.py"
NODE: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
VERSION: Final = r"v\d+\.\d+\.\d+\+k3s\d+"


@cache
def k3s_releases() -> frozenset[str]:
    """Return the k3s releases that the catalogue of this repository lists."""
    return frozenset(re.findall(rf'"({VERSION})"', _VERSIONS.read_text(encoding="utf-8")))


def release(view: View) -> Iterator[Outcome]:
    """Check that a release of k3s is in the catalogue."""
    if view.text() not in k3s_releases():
        yield f"{view.path} is {view.text()!r}, which is not in K3S_RELEASES of components/versions.py; add it there"


INSTALLERS: Final = (r"https://raw\.githubusercontent\.com/k3s-io/k3s/[^/\s]+/install\.sh",)
"""The URLs of k3s' installer, as regular expressions. It runs as root."""


def _installer(view: View) -> Iterator[Outcome]:
    """Accept a known URL, or http in private or test networks."""
    local = re.fullmatch(r"http://([0-9.]+)(:\d+)?/[^\s@]*", view.text())
    if not re.fullmatch("|".join(INSTALLERS), view.text()) and not (local and _local(local[1])):
        yield unknown(f"{view.path} {view.text()!r}", _in("INSTALLERS"))


def _local(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return False


_ADDRESSES: Final = listed(text(r"[0-9a-f.:]{3,39}", "an address"))
SETTINGS: Final[dict[str, Entry]] = {
    "name": text(NODE, "a DNS label"),
    "role": one_of("server", "agent"),
    "initialise": one_of(True, False),
    "version": release,
    "installer": _installer,
    "privateIp": private,
    "peers": listed(private),
    "readySeconds": number(1, 3600),
}
"""The settings of k3s on the stdin of `k3s configure`, except `config`."""

CONFIG: Final[dict[str, Entry]] = {
    "node-name": text(NODE, "a DNS label"),
    "advertise-address": maybe(private),
    "cluster-cidr": maybe(private),
    "cluster-dns": maybe(private),
    "etcd-snapshot-retention": maybe(number(1, 1000)),
    "flannel-backend": one_of(None, "vxlan", "wireguard-native"),
    "service-cidr": maybe(private),
    "tls-san": _ADDRESSES,
    "write-kubeconfig-mode": one_of(None, "0600", why="the kubeconfig is root's"),
}
"""The flags of k3s."""

CONTROL_PLANE: Final[dict[str, Entry]] = {
    "disable": fixed(["servicelb"], "servicelb would open ports past UFW"),
    "secrets-encryption": fixed(True, "Secrets must be encrypted in etcd"),
}
"""The flags that every control plane must have."""


def settings(view: View) -> Iterator[Outcome]:
    """Check the settings on the stdin of `k3s configure`. An agent has no settings of the control plane."""
    plane = view.at("role").value == "server"
    config = {**CONFIG, **(CONTROL_PLANE if plane else {key: maybe(entry) for key, entry in CONTROL_PLANE.items()})}
    return shape(_in("SETTINGS"), {**SETTINGS, "config": shape(_in("CONFIG"), config)})(view)
