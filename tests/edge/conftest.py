"""One stack with real servers for all tests of this folder, brought up by the command that a person uses."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.commands.visiting import VISITOR, VISITOR_ADDRESSES
from sandbox.engine.find import Engine
from sandbox.nodes.edge import ADDRESSES as EDGE_ADDRESSES
from sandbox.nodes.edge_host import HOST as EDGE
from sandbox.nodes.edge_host import EdgeHost
from sandbox.nodes.fabric import PUBLIC, Fabric
from sandbox.nodes.following import host_of
from sandbox.nodes.machine import Machine
from sandbox.nodes.support import obstacle
from sandbox.world import Item
from tests.edge.visitor import Answer, Visitor
from tests.engine.conftest import Edits, Sandboxes, engine
from tests.unavailable import unavailable

__all__ = ["EDGE", "EDGE_ADDRESSES", "engine"]

STRANGER = "stranger"
STRANGER_ADDRESSES = ("203.0.113.66", "2001:db8:bad::66")
LAPTOP_ADDRESSES = ("198.18.0.10", "2001:2:0:ffff::1")
NODES = ("node1", "node2", "node3")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A sandbox whose servers are real."""

    box: Sandboxes

    @property
    def fabric(self) -> Fabric:
        """Where its servers are plugged in."""
        return Fabric(home=self.box.home)

    def up(self, edits: Edits | None = None) -> str:
        """An update that must go through; what it printed."""
        done = self.box.command("up", edits=edits)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def record(self, node: str) -> Item:
        """A server as Hetzner knows it."""
        found = self.box().world.find("server", f"sandbox-{node}")
        assert found is not None, f"there is no server {node}"
        return found

    def machine(self, node: str) -> Machine:
        """The server itself."""
        return Machine(fabric=self.fabric, host=host_of(self.record(node)))

    def addresses(self, node: str) -> tuple[str, str]:
        """Its public addresses, IPv4 and IPv6."""
        data = self.record(node).data
        return str(data["ipv4Address"]), str(data["ipv6Address"])

    def kubectl(self, *words: str, node: str = "node1", stdin: str = "") -> str:
        """What kubectl prints on a server."""
        return self.run(node, "k3s", "kubectl", *words, stdin=stdin)

    def traefik(self, node: str) -> dict[str, Any]:
        """Traefik's pod of a node."""
        words = ["-n", "kube-system", "get", "pods", "-l", "app.kubernetes.io/name=traefik", "-o", "json"]
        [found] = [pod for pod in json.loads(self.kubectl(*words))["items"] if pod["spec"]["nodeName"] == node]
        return dict(found)

    def visitor(self, source: str = VISITOR_ADDRESSES[0]) -> Visitor:
        """Somebody who trusts Cloudflare's certificates."""
        if not self.fabric.path(VISITOR).exists():
            self.fabric.plug(VISITOR, PUBLIC, "eth0", VISITOR_ADDRESSES)
        self.fabric.address(VISITOR, "eth0", source)
        authority = EdgeHost(fabric=self.fabric).visitors_ca
        return Visitor(fabric=self.fabric, host=VISITOR, source=source, authority=authority)

    def browse(self, name: str, path: str = "/", **more: Any) -> list[Answer]:
        """A visitor's requests through the edge."""
        return self.visitor(more.pop("source", VISITOR_ADDRESSES[0])).ask(name, path, address=EDGE_ADDRESSES[0], **more)

    def edge(self, host: str = EDGE, source: str = EDGE_ADDRESSES[0], certificate: Path | None = None) -> Visitor:
        """Somebody with the certificate of Cloudflare's edge, or another one, who trusts the origin CA only."""
        folder = EdgeHost(fabric=self.fabric).folder
        shown = certificate or folder / "client.pem"
        return Visitor(
            fabric=self.fabric, host=host, source=source, authority=folder / "origin-ca.pem", certificate=shown
        )

    def run(self, node: str, *command: str, stdin: str = "") -> str:
        """What a command prints there, as root."""
        entered = [*self.machine(node).enter(), *command]
        done = subprocess.run(entered, input=stdin, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, up; taken away with all its servers at the end."""
    home = tmp_path_factory.mktemp("edge") / "sandbox"
    if why := obstacle(home):
        unavailable("real servers", why)
    found = Stack(box=Sandboxes(engine=engine, home=home, servers="real"))
    try:
        found.up()
        found.fabric.plug(STRANGER, PUBLIC, "eth0", STRANGER_ADDRESSES)
        yield found
    finally:
        for pid in _processes(found.fabric)[::3]:  # whatever it is that was killed, `down` leaves nothing
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        ended = found.box.command("down")
        assert ended.returncode == 0, ended.stderr
        assert not found.fabric.hosts, "the sandbox's namespaces outlive it"
        assert str(home) not in Path("/proc/mounts").read_text(), "a mount outlives it"
        assert not [process for process in Path("/proc").glob("[0-9]*") if _is_of(process, home)]


def _processes(fabric: Fabric) -> list[int]:
    """All that run in the sandbox's namespaces."""
    own = {fabric.path(host).stat().st_ino for host in fabric.hosts}
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "ns" / "net").stat().st_ino in own:
                found.append(int(process.name))
    return found


def _is_of(process: Path, home: Path) -> bool:
    """Whether a process was started for a sandbox; this one and its own were started for the tests."""
    try:
        return str(home).encode() in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    except OSError:
        return False
