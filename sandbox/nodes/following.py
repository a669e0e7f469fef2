"""Machines follow the records: what stands in the world as a server is booted, plugged in, switched off, or gone."""

import ipaddress
import os
import threading
from pathlib import Path
from typing import Final

from sandbox.nodes.fabric import Fabric
from sandbox.nodes.machine import Machine, machines
from sandbox.world import Item, World

VARIABLE: Final = "HONEYDUE_SANDBOX_SERVERS"
"""Tells the plugins where servers are real: the sandbox's home. Without it they are records only."""
_FOLLOWING: Final = threading.Lock()


def fabric_in_use() -> Fabric | None:
    """The fabric of this run, if its servers are real."""
    home = os.environ.get(VARIABLE)
    return Fabric(home=Path(home)) if home else None


def host_of(server: Item) -> str:
    """A server's name on the fabric: its id, since a name comes again when a server is replaced."""
    return f"s{server.id}"


def follow(world: World, fabric: Fabric) -> None:
    """Bring the machines in line with the records; cheap where nothing differs.

    The engine creates servers at the same time, and each call sees the records of all. So one call runs at a time:
    otherwise two could boot the same server.
    """
    with _FOLLOWING:
        _follow(world, fabric)


def _follow(world: World, fabric: Fabric) -> None:
    servers = {host_of(item): item for item in world.objects("server")}
    for machine in machines(fabric):
        if machine.host not in servers:
            machine.delete()
    for host, item in servers.items():
        machine = Machine(fabric=fabric, host=host)
        if not machine.folder.exists():
            public = [str(item.data[key]) for key in ("ipv4Address", "ipv6Address") if item.data.get(key)]
            machine.create(item.name, str(item.data.get("_userData") or ""), public)
        elif item.data["status"] == "running":
            machine.power_on()
        else:
            machine.power_off()
        _plug(world, machine, item)


def _plug(world: World, machine: Machine, server: Item) -> None:
    """Its place in the private network, as recorded."""
    place = next((item for item in world.objects("server_network") if str(item.data["serverId"]) == server.id), None)
    address = str(place.data["ip"]) if place else ""
    if address == machine.private_address:
        return
    machine.detach()
    if place:
        machine.attach(address, _prefix(world, str(place.data["networkId"]), address))


def _prefix(world: World, network: str, address: str) -> int:
    ranges = [
        ipaddress.ip_network(str(item.data["ipRange"]))
        for item in world.objects("network_subnet")
        if str(item.data["networkId"]) == network
    ]
    return next((found.prefixlen for found in ranges if ipaddress.ip_address(address) in found), 32)
