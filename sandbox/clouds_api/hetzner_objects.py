"""The world's records as Hetzner's JSON."""

from collections.abc import Callable
from typing import Any, Final

from sandbox.clouds_api.hetzner_catalogue import location, server_type
from sandbox.world import Item, World

Json = dict[str, Any]

_CREATED: Final = "2020-01-01T00:00:00+00:00"
"""The world does not record when an object was created."""


def servers(world: World) -> list[Json]:
    """Return the servers with their addresses, networks and firewalls."""
    return [_server(world, item) for item in world.objects("server")]


def networks(world: World) -> list[Json]:
    """Return the networks with their subnets and the ids of their servers."""
    return [_network(world, item) for item in world.objects("network")]


def firewalls(world: World) -> list[Json]:
    """Return the cloud firewalls with their rules and the servers that they apply to."""
    return [_firewall(world, item) for item in world.objects("firewall")]


def primary_ips(world: World) -> list[Json]:
    """Return the Primary IPs; that of type ipv6 is a network."""
    return _each(world, "primary_ip", _primary_ip)


def ssh_keys(world: World) -> list[Json]:
    """Return the SSH keys."""
    return _each(
        world,
        "ssh_key",
        lambda item: {"fingerprint": item.data["fingerprint"], "public_key": item.data["publicKey"]},
    )


def placement_groups(world: World) -> list[Json]:
    """Return the placement groups with the ids of their servers."""
    return [_placement_group(world, item) for item in world.objects("placement_group")]


def _each(world: World, kind: str, more: Callable[[Item], Json]) -> list[Json]:
    return [{**_common(item), **more(item)} for item in world.objects(kind)]


def _common(item: Item) -> Json:
    return {
        "id": int(item.id),
        "name": item.name,
        "labels": {key: str(value) for key, value in (item.data.get("labels") or {}).items()},
        "created": _CREATED,
    }


def _protection(item: Item) -> Json:
    return {"delete": bool(item.data.get("deleteProtection"))}


def _server(world: World, item: Item) -> Json:
    data = item.data
    group = world.get("placement_group", str(data["placementGroupId"])) if data.get("placementGroupId") else None
    return {
        **_common(item),
        "status": data["status"],
        "locked": False,
        "rescue_enabled": False,
        "public_net": _public_net(world, data),
        "private_net": _private_net(world, item.id),
        "server_type": server_type(str(data["serverType"])),
        "location": location(str(data["location"])),
        "image": {"name": data["image"]},
        "protection": {**_protection(item), "rebuild": bool(data.get("rebuildProtection"))},
        "volumes": [],
        "load_balancers": [],
        "primary_disk_size": data["primaryDiskSize"],
        "placement_group": _placement_group(world, group) if group else None,
    }


def _public_net(world: World, data: Json) -> Json:
    found: Json = {
        "floating_ips": [],
        "firewalls": [{"id": int(each), "status": "applied"} for each in data.get("firewallIds") or []],
    }
    for family in ("ipv4", "ipv6"):
        number = next((net[family] for net in data.get("publicNets") or [] if net.get(family)), 0)
        address = world.get("primary_ip", str(number))
        found[family] = {"id": int(number), "ip": _address(address), "blocked": False} if address else None
    return found


def _private_net(world: World, server: str) -> list[Json]:
    return [
        {
            "network": int(each.data["networkId"]),
            "ip": each.data["ip"],
            "alias_ips": each.data.get("aliasIps") or [],
            "mac_address": each.data["macAddress"],
        }
        for each in world.objects("server_network")
        if str(each.data["serverId"]) == server
    ]


def _network(world: World, item: Item) -> Json:
    subnets = [
        {
            "type": each.data["type"],
            "ip_range": each.data["ipRange"],
            "network_zone": each.data["networkZone"],
            "gateway": each.data["gateway"],
        }
        for each in world.objects("network_subnet")
        if str(each.data["networkId"]) == item.id
    ]
    attached = [each for each in world.objects("server_network") if str(each.data["networkId"]) == item.id]
    return {
        **_common(item),
        "ip_range": item.data["ipRange"],
        "subnets": subnets,
        "routes": [],
        "servers": [int(each.data["serverId"]) for each in attached],
        "load_balancers": [],
        "protection": _protection(item),
        "expose_routes_to_vswitch": bool(item.data.get("exposeRoutesToVswitch")),
    }


def _firewall(world: World, item: Item) -> Json:
    rules = [
        {
            "direction": rule["direction"],
            "protocol": rule["protocol"],
            "port": rule.get("port"),
            "source_ips": rule.get("sourceIps") or [],
            "destination_ips": rule.get("destinationIps") or [],
            "description": rule.get("description"),
        }
        for rule in item.data.get("rules") or []
    ]
    holders = [each for each in world.objects("server") if item.id in map(str, each.data.get("firewallIds") or [])]
    applied = [{"type": "server", "server": {"id": int(each.id)}} for each in holders]
    return {**_common(item), "rules": rules, "applied_to": applied}


def _address(item: Item) -> str:
    return str(item.data["ipNetwork"] if item.data["type"] == "ipv6" else item.data["ipAddress"])


def _primary_ip(item: Item) -> Json:
    return {
        "ip": _address(item),
        "type": item.data["type"],
        "assignee_id": item.data.get("assigneeId") or None,
        "assignee_type": "server",
        "auto_delete": bool(item.data.get("autoDelete")),
        "blocked": False,
        "dns_ptr": [],
        "location": location(str(item.data["location"])),
        "protection": _protection(item),
    }


def _placement_group(world: World, item: Item) -> Json:
    members = [each for each in world.objects("server") if str(each.data.get("placementGroupId")) == item.id]
    return {**_common(item), "type": item.data["type"], "servers": [int(each.id) for each in members]}
