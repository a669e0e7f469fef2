"""Servers: records with a power switch, addresses and a first boot's instructions."""

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final

from sandbox.providers.diffing import Difference, without_order
from sandbox.providers.hcloud_catalogue import IMAGES, LOCATIONS, SERVER_TYPES, WITHDRAWN
from sandbox.providers.hcloud_primary_ip import new_address
from sandbox.providers.hcloud_shared import HcloudResource
from sandbox.providers.k3s_cluster import bury
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Made, Plain, Problem, is_known
from sandbox.providers.values import UNKNOWN, normal
from sandbox.world import Item, World

USER_DATA_LIMIT: Final = 32 * 1024
"""Bytes."""
GROUP_LIMIT: Final = 10
"""Servers of one spread placement group."""
_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")


class Server(HcloudResource):
    """A server; state and refreshes hold only the SHA-1 of its user data."""

    token = "hcloud:index/server:Server"  # noqa: S105 - a type
    kind = "server"
    replaces = frozenset({"userData", "image", "location", "datacenter", "sshKeys"})
    computed = frozenset(
        {"name", "location", "datacenter", "firewallIds", "image", "publicNets", "networks", "ignoreRemoteFirewallIds"}
    )
    outputs = frozenset({"backupWindow", "ipv4Address", "ipv6Address", "ipv6Network", "primaryDiskSize", "status"})
    defaults = {  # noqa: RUF012 - a table of the base class
        "allowDeprecatedImages": False,
        "backups": False,
        "deleteProtection": False,
        "keepDisk": False,
        "rebuildProtection": False,
        "shutdownBeforeDeletion": False,
    }

    def __init__(self, world: World) -> None:
        super().__init__(world)
        unordered = without_order({"firewallIds", "sshKeys"})

        def compare(key: str, old: Any, new: Any) -> bool:
            if key == "publicNets":
                return _same_nets(old, new)
            return unordered(key, old, hashed(new) if key == "userData" else new)

        self.compare = compare

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """An empty image is no image."""
        yield from super().problems(inputs)
        if inputs.get("image") == "":
            yield "image", "image must not be empty"
        if is_known(inputs.get("serverType")) and not inputs["serverType"]:
            yield "serverType", "server_type must not be empty"

    def difference(self, state: Plain, old_inputs: Plain, inputs: Plain, ignored: list[str]) -> Difference:
        """A chosen name can't stand twice, so the old server goes first; one with a made-up name is made first."""
        found = super().difference(state, old_inputs, inputs, ignored)
        found.delete_first = "name" not in inputs.get("__defaults", []) and inputs.get("name") == state.get("name")
        found.by_input |= {"userData"} & found.changed
        return found

    def shown(self, inputs: Plain) -> Plain:
        """With the digest in place of the user data."""
        given = super().shown(inputs)
        return {**given, "userData": hashed(given["userData"])} if "userData" in given else given

    def planned_update(self, state: Plain, inputs: Plain) -> Plain:
        """What an update of type or addresses does to the power is seen only then."""
        planned = super().planned_update(state, inputs)
        if normal(state.get("serverType")) != normal(inputs.get("serverType")):
            planned |= {"status": UNKNOWN}
        return planned

    def create(self, inputs: Plain, urn: str) -> Made:
        """Order it. Nearly all that can be wrong with an order is seen only here."""
        if not _NAME.fullmatch(str(inputs["name"])):
            raise RefusalError("invalid input in field 'name' (invalid_input): not a valid hostname")
        if self.world.find(self.kind, str(inputs["name"])):
            raise RefusalError("server name is already used (uniqueness_error)")
        location = self._location(inputs)
        self._check_order(inputs)
        identity = self.new_id()
        nets = [self._public_net(identity, location, net) for net in inputs.get("publicNets") or [{}]]
        data = {
            "backupWindow": "",
            "image": inputs["image"],
            "location": location,
            "datacenter": f"{location}-dc1",
            "publicNets": nets,
            "firewallIds": [int(number) for number in inputs.get("firewallIds") or []],
            "placementGroupId": inputs.get("placementGroupId"),
            "primaryDiskSize": 80,
            "status": "running",
            **self._addresses(nets),
            "_userData": inputs.get("userData") or "",
        }
        return self.put_named(inputs, data, urn, identity=identity)

    def imported(self, identity: str) -> str:
        """The real plugin reads neither `publicNets` nor `sshKeys`, and its next update deletes the Primary IPs."""
        raise RefusalError(
            f"the sandbox does not simulate the import of a server ({identity}): the real plugin reads no publicNets, "
            "so the next update would delete the server's Primary IPs; delete the server and have `up` make it anew"
        )

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """Name, labels, firewalls, group, type, addresses, protection: in place."""
        found = self.standing(identity)
        data = dict(found.data)
        power = data["status"]
        if normal(data.get("placementGroupId")) != normal(inputs.get("placementGroupId")):
            power = self._regroup(identity, data, inputs)
        if "firewallIds" in inputs:
            self._each("firewall", inputs["firewallIds"] or [])
        if normal(inputs["serverType"]) != normal(data["serverType"]):
            _check_type(str(inputs["serverType"]), data["location"])
            power = "off"  # the type changes while it is off, and nobody switches it on again
        nets: Plain = {}
        if "publicNets" in inputs and not self.compare("publicNets", state.get("publicNets"), inputs["publicNets"]):
            release(self.world, identity)
            given = [self._public_net(identity, data["location"], net) for net in inputs["publicNets"] or [{}]]
            nets = {"publicNets": given, **self._addresses(given)}
        kept = {key: value for key, value in super().changed(state, inputs).items() if key != "userData"}
        name = str(kept.get("name") or found.name)
        holder = self.world.find(self.kind, name)
        if holder is not None and holder.id != identity:
            raise RefusalError("server name is already used (uniqueness_error)")
        item = self.world.put(self.kind, identity, {**data, **kept, **nets, "status": power}, name=name, scope=name)
        return self.visible(item)

    def delete(self, identity: str, state: Plain) -> None:
        """Its addresses are free again, those that were made with it go."""
        self.forbid_protected(identity)
        release(self.world, identity)
        for item in self.world.objects("server_network"):
            if str(item.data["serverId"]) == identity:
                self.world.delete(item.kind, item.id)
        for item in self.world.objects(place=f"server {identity}"):
            self.world.delete(item.kind, item.id, place=item.place)
        super().delete(identity, state)
        bury(self.world)

    def _location(self, inputs: Plain) -> str:
        nets = inputs.get("publicNets") or [{}]
        wanted = inputs.get("location") or str(inputs.get("datacenter") or "").partition("-")[0]
        assigned = [
            self.world.get("primary_ip", str(net[key])) for net in nets for key in ("ipv4", "ipv6") if net.get(key)
        ]
        location = str(wanted or next((item.data["location"] for item in assigned if item), "fsn1"))
        if location not in LOCATIONS:
            raise RefusalError(f"invalid input in field 'location' (invalid_input): {location} does not exist")
        return location

    def _check_order(self, inputs: Plain) -> None:
        _check_type(str(inputs["serverType"]), self._location(inputs))
        if not inputs.get("image"):
            raise RefusalError("missing required field 'image' (invalid_input)")
        if str(inputs["image"]) not in IMAGES:
            raise RefusalError(f"image {inputs['image']} not found")
        if len(str(inputs.get("userData") or "").encode()) > USER_DATA_LIMIT:
            raise RefusalError(
                f"invalid input in field 'user_data' (invalid_input): longer than {USER_DATA_LIMIT} bytes"
            )
        for key in inputs.get("sshKeys") or []:
            if self.world.get("ssh_key", str(key)) is None and self.world.find("ssh_key", str(key)) is None:
                raise RefusalError(f"SSH key not found: {key}")
        self._each("firewall", inputs.get("firewallIds") or [])
        if inputs.get("placementGroupId"):
            self._check_group(str(inputs["placementGroupId"]))

    def _check_group(self, group: str) -> None:
        self._each("placement_group", [group])
        members = [item for item in self.world.objects(self.kind) if str(item.data.get("placementGroupId")) == group]
        if len(members) >= GROUP_LIMIT:
            raise RefusalError(f"placement group has {GROUP_LIMIT} servers already (placement_error)")

    def _each(self, kind: str, numbers: Iterable[Any]) -> None:
        for number in numbers:
            if self.world.get(kind, str(number)) is None:
                raise RefusalError(f"{kind.replace('_', ' ')} with ID '{number}' not found (not_found)")

    def _regroup(self, identity: str, data: Plain, inputs: Plain) -> str:
        """A running server joins no group and leaves none."""
        if data.get("placementGroupId") and data["status"] == "running":
            raise RefusalError("removing a running server from a placement group is currently not supported")
        wanted = inputs.get("placementGroupId")
        if wanted and data["status"] == "running":
            raise RefusalError(f"server {identity} must be stopped to join a placement group (server_not_stopped)")
        if wanted:
            self._check_group(str(wanted))
        return str(data["status"])

    def _public_net(self, server: str, location: str, net: Plain) -> Plain:
        """Assign the addresses that are named, and make those that are not."""
        found: Plain = {}
        for family in ("ipv4", "ipv6"):
            enabled = net.get(f"{family}Enabled", True) is not False
            found[f"{family}Enabled"] = enabled
            found[family] = self._assigned(server, location, family, net.get(family)) if enabled else 0
        return found

    def _assigned(self, server: str, location: str, family: str, wanted: Any) -> int:
        if not wanted:
            number = self.new_id()
            place = {"location": location, "datacenter": f"{location}-dc1", "assigneeId": int(server)}
            data = {"type": family, "autoDelete": True, "name": f"primary_ip-{number}", **place}
            name = str(data["name"])
            data |= new_address(self.world, family)
            self.world.put("primary_ip", number, data, provider="hcloud", name=name, scope=name)
            return int(number)
        found = self.world.get("primary_ip", str(wanted))
        if found is None or found.data["type"] != family:
            raise RefusalError(f"primary IP with ID '{wanted}' and type {family} not found (not_found)")
        if found.data.get("assigneeId"):
            raise RefusalError("primary IP is already assigned to a server (invalid_input)")
        if found.data["location"] != location:
            raise RefusalError("server and primary IP must be in the same location (invalid_input)")
        self.world.put("primary_ip", found.id, {**found.data, "assigneeId": int(server)})
        return int(wanted)

    def _addresses(self, nets: list[Plain]) -> Plain:
        found: Plain = {"ipv4Address": "", "ipv6Address": "", "ipv6Network": ""}
        for net in nets:
            ipv4, ipv6 = (self.world.get("primary_ip", str(net[family])) for family in ("ipv4", "ipv6"))
            found["ipv4Address"] = ipv4.data["ipAddress"] if ipv4 else ""
            found["ipv6Address"] = f"{ipv6.data['ipAddress']}1" if ipv6 else ""
            found["ipv6Network"] = ipv6.data["ipNetwork"] if ipv6 else ""
        return found


def release(world: World, server: str) -> list[Item]:
    """Take all addresses from a server; those that were made with it go."""
    held = [item for item in world.objects("primary_ip") if str(item.data.get("assigneeId")) == server]
    for item in held:
        if item.data.get("autoDelete"):
            world.delete(item.kind, item.id)
        else:
            world.put(item.kind, item.id, {**item.data, "assigneeId": 0})
    return held


def _same_nets(old: Any, new: Any) -> bool:
    """Whether what is said about each net holds; what is left unsaid is Hetzner's choice."""
    if not isinstance(old, list) or not isinstance(new, list) or len(old) != len(new):
        return bool(normal(old) == normal(new))
    return all(normal(found.get(key)) == normal(net[key]) for found, net in zip(old, new, strict=True) for key in net)


def hashed(user_data: Any) -> Any:
    """What the plugin keeps of the user data: the SHA-1, in base64 as far as it is text."""
    if not is_known(user_data) or not user_data:
        return user_data
    return hashlib.sha1(str(user_data).encode()).hexdigest()  # noqa: S324 - the real plugin's choice


def _check_type(server_type: str, location: str) -> None:
    if server_type in WITHDRAWN:
        raise RefusalError(f"{server_type} is unavailable in all locations and can no longer be ordered")
    if server_type not in SERVER_TYPES:
        raise RefusalError(f"server type {server_type} not found")
    if location not in SERVER_TYPES[server_type]:
        raise RefusalError(f"server type {server_type} is not available in {location} (resource_unavailable)")
