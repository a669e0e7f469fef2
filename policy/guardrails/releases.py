"""Releases: the host programs by their content, the releases of k3s, and the settings with which a server joins.

The texts of the programs are in `components/host/`. This module reads them and computes their digests by itself, so a
command that runs any other text is refused.
"""

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from .addresses import private
from .shapes import listed, maybe, number, one_of, shape, text
from .view import Outcome, View

_COMPONENTS: Final = Path(__file__).resolve().parents[2] / "components"
FOLDER: Final = "/usr/local/lib/honeydue"
"""The folder of the host programs on a server."""
INSTALL: Final = "sudo sh -s --"
"""The command that copies the host programs, before their names."""
NAME: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
VERSION: Final = r"v\d+\.\d+\.\d+\+k3s\d+"
_HERE: Final = "policy/guardrails/releases.py"

_COPY: Final = """
cat >.new <<'END OF PROGRAM'
{content}END OF PROGRAM
echo '{sha256}  .new' | sha256sum --check --status || {{
    echo 'programs: {name} was damaged on its way to this server; run pulumi up again' >&2
    exit 1
}}
mv .new {name}-{digest}.py
"""
"""The part of the installation script that copies one program."""


@cache
def programs() -> dict[str, str]:
    """Return the text of each host program of this repository, by its name."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted((_COMPONENTS / "host").glob("*.py"))}


@cache
def k3s_releases() -> frozenset[str]:
    """Return the k3s releases that the catalogue of this repository lists."""
    return frozenset(re.findall(rf'"({VERSION})"', (_COMPONENTS / "catalogue.py").read_text(encoding="utf-8")))


def sha256(content: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(content.encode()).hexdigest()


@cache
def installation() -> tuple[str, str]:
    """Return the command that copies the host programs to a server, and its script."""
    names = [f"{name}-{sha256(content)[:16]}" for name, content in programs().items()]
    copies = [
        _COPY.format(name=name, content=content, sha256=sha256(content), digest=sha256(content)[:16])
        for name, content in programs().items()
    ]
    head = ["set -eu", "umask 022", f"mkdir -p {FOLDER}", f"cd {FOLDER}"]
    return " ".join([INSTALL, *names]), "\n".join([*head, *copies])


def release(view: View) -> Iterator[Outcome]:
    """Check that a release of k3s is in the catalogue."""
    if view.text() not in k3s_releases():
        yield f"{view.path} is {view.text()!r}, which is not in K3S_RELEASES of components/catalogue.py; add it there"


def _installer(view: View) -> Iterator[Outcome]:
    """Accept https, or http in private or test networks. The script runs as root."""
    url = re.fullmatch(r"https://[^\s@]+|http://(?P<host>[0-9.]+)(:\d+)?/[^\s@]*", view.text())
    if not url or (url["host"] and _public(url["host"])):
        yield f"{view.path} must be an https URL, or an http URL with an address that is not public"


def _public(host: str) -> bool:
    try:
        return ip_address(host).is_global
    except ValueError:
        return True


_ADDRESSES: Final = listed(text(r"[0-9a-f.:]{3,39}", "an address"))
SETTINGS: Final = shape(
    f"SETTINGS in {_HERE}",
    {
        "name": text(NAME, "a DNS label"),
        "role": one_of("server", "agent"),
        "initialise": one_of(True, False),
        "version": release,
        "installer": _installer,
        "privateIp": private,
        "peers": listed(private),
        "readySeconds": number(1, 3600),
        "config": shape(
            f"SETTINGS in {_HERE}",
            {
                "node-name": text(NAME, "a DNS label"),
                "advertise-address": maybe(private),
                "cluster-cidr": maybe(private),
                "cluster-dns": maybe(private),
                "disable": one_of(None, ["servicelb"], why="servicelb would open ports past UFW"),
                "etcd-snapshot-retention": maybe(number(1, 1000)),
                "flannel-backend": one_of(None, "vxlan", "wireguard-native"),
                "secrets-encryption": one_of(None, True, why="Secrets must be encrypted in etcd"),
                "service-cidr": maybe(private),
                "tls-san": _ADDRESSES,
                "write-kubeconfig-mode": one_of(None, "0600", why="the kubeconfig is root's"),
            },
        ),
    },
)
"""The settings of k3s on the stdin of `k3s configure`."""
