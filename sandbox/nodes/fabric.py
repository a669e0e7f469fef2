"""The network that exists only here: one namespace with two bridges, and every host a namespace plugged into them.

Nothing leads out of it. All hosts of a bridge find each other directly, whatever their addresses are, as if one router
joined Hetzner, Cloudflare and the operator's line; the firewalls judge addresses, and these are the real ones.
"""

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.engine.errors import SandboxError

PUBLIC: Final = "public"
PRIVATE: Final = "private"
LAPTOP: Final = "laptop"
"""The operator's machine, in which the engine runs."""
LAPTOP_RANGES: Final = ("198.18.0.10/32", "2001:2:0:ffff::/64")
"""Its addresses when a stack file lists no operators; from the space for benchmarks (RFC 2544, RFC 5180)."""
_BRIDGES: Final = (PUBLIC, PRIVATE)
_EVERYWHERE: Final = ("0.0.0.0/0", "2000::/3")
"""All public addresses; cloud-init 22.4 fails on an IPv6 default route without a gateway."""
_NAMESPACES: Final = Path("/run/netns")


@dataclass(frozen=True, kw_only=True)
class Fabric:
    """The network of the sandbox that lives in `home`."""

    home: Path

    @property
    def prefix(self) -> str:
        """What the names of this sandbox's namespaces start with; another sandbox has others."""
        return f"hd{hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:8]}"

    def namespace(self, host: str) -> str:
        """The name of a host's network namespace."""
        return f"{self.prefix}-{host}"

    def path(self, host: str) -> Path:
        """The file that stands for it."""
        return _NAMESPACES / self.namespace(host)

    @property
    def hosts(self) -> list[str]:
        """The hosts that are there."""
        return sorted(path.name.partition("-")[2] for path in _NAMESPACES.glob(f"{self.prefix}-*"))

    def open(self, operator: Sequence[str]) -> None:
        """The bridges, and the laptop at an operator's addresses; cheap to repeat."""
        if not self.path("fabric").exists():
            _ip("netns", "add", self.namespace("fabric"))
            for bridge in _BRIDGES:
                self._inside("fabric", "link", "add", bridge, "type", "bridge")
                self._inside("fabric", "link", "set", bridge, "up")
        if not self.path(LAPTOP).exists():
            self.plug(LAPTOP, PUBLIC, "eth0", operator)

    def plug(self, host: str, bridge: str, device: str, addresses: Sequence[str], *, prefix: int | None = None) -> None:
        """Give a host an interface on a bridge, the host itself first if it is new.

        Args:
            host: Its name.
            bridge: PUBLIC or PRIVATE.
            device: What the interface is called there.
            addresses: IPv4 and IPv6.
            prefix: The length of the network that they are in; without it, they are all alone and reach everybody.
        """
        if not self.path(host).exists():
            _ip("netns", "add", self.namespace(host))
            self._inside(host, "link", "set", "lo", "up")
        port = _port(bridge, host)
        peer = ["peer", "name", port, "netns", self.namespace("fabric")]
        mac = _mac(addresses[0] if addresses else host, device)
        self._inside(host, "link", "add", device, "address", mac, "mtu", "1450", "type", "veth", *peer)
        self._inside("fabric", "link", "set", port, "master", bridge, "up")
        self._inside(host, "link", "set", device, "up")
        for address in addresses:
            self.address(host, device, address, prefix=prefix)
        if prefix is None:
            for destination in _EVERYWHERE:
                self._inside(host, "route", "add", destination, "dev", device)

    def address(self, host: str, device: str, address: str, *, prefix: int | None = None) -> None:
        """One more address of an interface."""
        six = ":" in address
        length = prefix if prefix is not None else (128 if six else 32)
        self._inside(host, "addr", "replace", f"{address}/{length}", "dev", device, *(["nodad"] if six else []))

    def addresses(self, host: str, device: str) -> list[str] | None:
        """What an interface is called by; None where there is no such interface."""
        known = json.loads(_ip("-n", self.namespace(host), "-j", "addr")) if self.path(host).exists() else []
        found = [link["addr_info"] for link in known if link["ifname"] == device]
        return [str(entry["local"]) for entry in found[0] if entry["scope"] == "global"] if found else None

    def unplug(self, host: str, device: str) -> None:
        """Take an interface away, if it is there."""
        if self.addresses(host, device) is not None:
            self._inside(host, "link", "del", device)

    def remove(self, host: str) -> None:
        """The host's network is gone, if it was there; its cables at once, though a process may be dying there yet."""
        if not self.path(host).exists():
            return
        if host != "fabric":
            for bridge in _BRIDGES:
                if _port(bridge, host) in self._ports:
                    self._inside("fabric", "link", "del", _port(bridge, host))
        _ip("netns", "del", self.namespace(host))

    def close(self) -> None:
        """Everything is gone."""
        for host in self.hosts:
            self.remove(host)

    def enter(self, host: str) -> list[str]:
        """What to put before a command so that it runs with this host's network."""
        return ["nsenter", f"--net={self.path(host)}", "--"]

    @property
    def _ports(self) -> set[str]:
        """The ends of cables that stick in the bridges."""
        if not self.path("fabric").exists():
            return set()
        return {str(link["ifname"]) for link in json.loads(_ip("-n", self.namespace("fabric"), "-j", "link"))}

    def _inside(self, host: str, *words: str) -> None:
        _ip("-n", self.namespace(host), *words)


def _port(bridge: str, host: str) -> str:
    """What the end of a host's cable at the bridge is called."""
    return f"{bridge[:3]}-{host}"[:15]


def _mac(address: str, device: str) -> str:
    """Return the MAC of an address.

    Neighbours remember it. A server that replaces another one has the same addresses, and at Hetzner it is reached at
    once, because routers are its neighbours there.
    """
    digest = hashlib.sha256(f"{address} {device}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise SandboxError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
