"""Where things are on a server of the sandbox: what the installer wrote down, the programs, and k3s' own folders."""

import json
from dataclasses import dataclass
from pathlib import Path

DATA = Path("/var/lib/rancher/k3s")
TLS = DATA / "server" / "tls"
MEMBER = DATA / "server" / "db" / "etcd" / "member"
"""Where a real member of etcd keeps its data; what looks for it finds that this node is one."""
AGENT = DATA / "agent"
PASSWORD = Path("/etc/rancher/node/password")
ADMIN_CONFIG = Path("/etc/rancher/k3s/k3s.yaml")
PROGRAMS = Path("/opt/sandbox/bin")
DEFINITIONS = Path("/opt/sandbox/crds")
CHARTS = Path("/opt/sandbox/charts")
RUN = Path("/run/k3s")
_SITE = Path("/usr/local/lib/k3s/site.json")


@dataclass(frozen=True)
class Site:
    """Which k3s this is said to be, where its datastore answers, and where a cluster lays claim to it."""

    version: str
    datastore: str
    claims: str


def site() -> Site:
    """As installed."""
    known = json.loads(_SITE.read_text())
    return Site(version=str(known["version"]), datastore=str(known["datastore"]), claims=str(known["claims"]))
