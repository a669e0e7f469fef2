"""Addresses that outlive their server: drawn from the world's documentation ranges, none ever given out twice."""

from collections.abc import Iterable
from typing import Final

from sandbox.providers.hcloud_catalogue import LOCATIONS
from sandbox.providers.hcloud_shared import HcloudResource
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Made, Plain, Problem
from sandbox.world import Item, World

_HOSTS: Final = 254
_SITES: Final = 0xFFFE
_OTHER_PLACES: Final = ("datacenter", "assigneeId")


class PrimaryIp(HcloudResource):
    """A public IPv4 address, or an IPv6 /64."""

    token = "hcloud:index/primaryIp:PrimaryIp"  # noqa: S105 - a type
    kind = "primary_ip"
    replaces = frozenset({"type", "location", "datacenter"})
    computed = frozenset({"name", "location", "datacenter", "assigneeId"})
    outputs = frozenset({"ipAddress", "ipNetwork"})
    defaults = {"autoDelete": False, "deleteProtection": False, "assigneeType": "server"}  # noqa: RUF012 - a table of the base class

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """It is made at one place."""
        yield from super().problems(inputs)
        given = [key for key in ("location", "datacenter", "assigneeId") if inputs.get(key) is not None]
        if len(given) != 1:
            got = "none was" if not given else f"{', '.join(given)} were"
            yield "location", f"exactly one of location, datacenter, assigneeId must be specified, but {got}"

    def create(self, inputs: Plain, urn: str) -> Made:
        """Unassigned, unless a server is named."""
        if inputs["type"] not in ("ipv4", "ipv6"):
            raise RefusalError(f"invalid input in field 'type' (invalid_input): {inputs['type']}")
        location = str(inputs.get("location") or str(inputs.get("datacenter") or "").partition("-")[0])
        server = self._assignee(inputs)
        if server is not None:
            location = str(server.data["location"])
        if location not in LOCATIONS:
            raise RefusalError(f"invalid input in field 'location' (invalid_input): {location}")
        place = {"location": location, "datacenter": f"{location}-dc1", "assigneeId": int(server.id) if server else 0}
        return self.put_named(inputs, {**place, **new_address(self.world, str(inputs["type"]))}, urn)

    def read_inputs(self, inputs: Plain, outputs: Plain) -> Plain:
        """Of the three places, an import takes over the location only."""
        found = super().read_inputs(inputs, outputs)
        return found if inputs else {key: value for key, value in found.items() if key not in _OTHER_PLACES}

    def delete(self, identity: str, state: Plain) -> None:
        """The plugin first switches the server off and takes the address from it."""
        self.forbid_protected(identity)
        found = self.world.get(self.kind, identity)
        server = self.world.get("server", str(found.data["assigneeId"])) if found else None
        if server is not None:
            self.world.put("server", server.id, {**server.data, "status": "off"})
        super().delete(identity, state)

    def _assignee(self, inputs: Plain) -> Item | None:
        if not inputs.get("assigneeId"):
            return None
        found = self.world.get("server", str(inputs["assigneeId"]))
        if found is None:
            raise RefusalError(f"server with ID '{inputs['assigneeId']}' not found (not_found)")
        return found


def new_address(world: World, family: str) -> Plain:
    """The next address of 198.51.100.0/24, or the next /64 of 2001:db8::/32. Raises RefusalError when none is left."""
    number = world.next_number(family)
    if number > (_HOSTS if family == "ipv4" else _SITES):
        raise RefusalError(f"no {family} address is left in this world (resource_unavailable)")
    if family == "ipv4":
        return {"ipAddress": f"198.51.100.{number}", "ipNetwork": ""}
    return {"ipAddress": f"2001:db8:{number:x}::", "ipNetwork": f"2001:db8:{number:x}::/64"}
