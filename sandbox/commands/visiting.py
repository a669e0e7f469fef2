"""`curl`: a request from a visitor to the edge, or from any other address straight to a server."""

import argparse
import ipaddress
import os
import sys
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from sandbox.commands.opening import layout_of
from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import Layout
from sandbox.nodes.edge import ADDRESSES
from sandbox.nodes.edge_host import EdgeHost
from sandbox.nodes.fabric import PUBLIC, Fabric
from sandbox.world import World

VISITOR: Final = "visitor"
VISITOR_ADDRESSES: Final = ("203.0.113.10", "2001:db8:cafe::10")
"""Where visitors live: of no operator and no range of Cloudflare's."""


def curl(arguments: argparse.Namespace) -> None:
    """Become curl, with its own options after the URL; does not return."""
    layout = layout_of(arguments)
    command = asking(layout, arguments.url, arguments.options, source=arguments.source, node=arguments.node)
    sys.stdout.flush()
    os.execvp(command[0], command)  # noqa: S606 - curl is what was asked for


def asking(
    layout: Layout, url: str, options: Sequence[str], *, source: str | None = None, node: str | None = None
) -> list[str]:
    """The command that asks for a URL as a visitor of the edge; with `source`, from there and straight to a server.

    Raises:
        SandboxError: when there is no edge, or what is given is no URL, address or server.
    """
    if node is not None and source is None:
        raise SandboxError("--node says which server is asked with --from ADDRESS; without it the edge is asked")
    edge = EdgeHost(fabric=Fabric(home=layout.home))
    if not edge.pid:
        raise SandboxError("there is no edge: `python -m sandbox up` makes it, where servers can be real")
    if not edge.fabric.path(VISITOR).exists():
        edge.fabric.plug(VISITOR, PUBLIC, "eth0", VISITOR_ADDRESSES)
    try:
        host = urlsplit(url).hostname
    except ValueError:  # half an IPv6 address
        host = None
    if not host:
        raise SandboxError(f"{url} is no URL with a host, such as https://api.sandbox.test/")
    own = _settle(edge.fabric, source) if source else VISITOR_ADDRESSES[0]
    target = _server(World(layout.world), own, node) if source else ADDRESSES[0]
    ask = ["curl", "--silent", "--show-error", "--cacert", str(edge.visitors_ca), "--interface", own]
    for port in (80, 443):
        ask += ["--resolve", f"{host}:{port}:{target}"]
    return [*edge.fabric.enter(VISITOR), *ask, url, *options]


def _settle(fabric: Fabric, source: str) -> str:
    """Let visitors have this address, too."""
    try:
        address = ipaddress.ip_address(source)
    except ValueError as error:
        raise SandboxError(f"--from {source} is no IP address") from error
    if address.is_unspecified or address.is_loopback or address.is_link_local or address.is_multicast:
        raise SandboxError(f"--from {source} is no address that a visitor can have")
    for host in fabric.hosts:
        if host not in (VISITOR, "fabric") and str(address) in (fabric.addresses(host, "eth0") or []):
            raise SandboxError(f"--from {source}: {host} has that address already; choose another one")
    fabric.address(VISITOR, "eth0", str(address))
    return str(address)


def _server(world: World, source: str, node: str | None) -> str:
    """The public address of a server in the family of the visitor's."""
    key = "ipv6Address" if ":" in source else "ipv4Address"
    servers = {item.name: item for item in world.objects("server")}
    wanted = [name for name in servers if node in (None, name, name.partition("-")[2])]
    if not wanted:
        raise SandboxError(f"there is no server {node}; there are: {', '.join(sorted(servers)) or 'none'}")
    return str(servers[min(wanted)].data[key])
