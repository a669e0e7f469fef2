"""Private networks: ranges that must fit, and the attachment that detaches where its replacement goes the wrong way."""

import ipaddress
from collections.abc import Iterable
from typing import Any, Final

from sandbox.providers.diffing import Difference
from sandbox.providers.hcloud_catalogue import network_zone
from sandbox.providers.hcloud_shared import HcloudResource
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Made, Plain, Problem, is_known
from sandbox.world import Item, TakenError

_PRIVATE: Final = tuple(ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_ZONES: Final = ("eu-central", "us-east", "us-west", "ap-southeast")
_SUBNET_TYPES: Final = ("cloud", "server", "vswitch")
_RESERVED: Final = ipaddress.IPv4Address("172.31.1.1")
"""Every server's public gateway."""


class Network(HcloudResource):
    """A private range; the API drops host bits, so that a range with them differs at the next preview."""

    token = "hcloud:index/network:Network"  # noqa: S105 - a type
    kind = "network"
    replaces = frozenset({"ipRange"})
    computed = frozenset({"name"})
    defaults = {"deleteProtection": False, "exposeRoutesToVswitch": False}  # noqa: RUF012 - a table of the base class

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """A CIDR it must be."""
        yield from super().problems(inputs)
        yield from _range_problems(inputs)

    def difference(self, state: Plain, old_inputs: Plain, inputs: Plain, ignored: list[str]) -> Difference:
        """A chosen name can't stand twice, so the old one goes first."""
        found = super().difference(state, old_inputs, inputs, ignored)
        found.delete_first = "name" not in inputs.get("__defaults", []) and inputs.get("name") == state.get("name")
        return found

    def create(self, inputs: Plain, urn: str) -> Made:
        """Out of RFC 1918."""
        found = _network(inputs["ipRange"])
        if not any(found.subnet_of(private) for private in _PRIVATE):
            raise RefusalError("invalid input in field 'ip_range' (invalid_input): ip_range must be a RFC 1918 network")
        return self.put_named(inputs, {"ipRange": str(found)}, urn)

    def delete(self, identity: str, state: Plain) -> None:
        """Its subnets go with it, and its servers are detached."""
        self.forbid_protected(identity)
        for kind in ("network_subnet", "server_network"):
            for item in self.world.objects(kind):
                if str(item.data["networkId"]) == identity:
                    self.world.delete(kind, item.id)
        super().delete(identity, state)


class NetworkSubnet(HcloudResource):
    """A part of a network that servers of one zone join."""

    token = "hcloud:index/networkSubnet:NetworkSubnet"  # noqa: S105 - a type
    kind = "network_subnet"
    replaces = frozenset({"networkId", "type", "networkZone", "ipRange", "vswitchId"})
    outputs = frozenset({"gateway"})

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """Type and CIDR are checked before the API is asked."""
        yield from _range_problems(inputs)
        if is_known(inputs.get("type")) and inputs["type"] not in _SUBNET_TYPES:
            yield "type", f"expected type to be one of {list(_SUBNET_TYPES)}, got {inputs['type']}"

    def create(self, inputs: Plain, urn: str) -> Made:
        """Inside the network, beside the other subnets."""
        network = self.world.get("network", str(inputs["networkId"]))
        if network is None:
            raise RefusalError(f"network with ID '{inputs['networkId']}' not found (not_found)")
        if inputs["networkZone"] not in _ZONES:
            raise RefusalError(f"network zone '{inputs['networkZone']}' does not exist (invalid_input)")
        found, whole = _network(inputs["ipRange"]), _network(network.data["ipRange"])
        if not found.subnet_of(whole):
            raise RefusalError(f"ip_range {found} is not part of the network {whole} (invalid_input)")
        for other in subnets(self.world.objects(self.kind), network.id):
            if found.overlaps(_network(other.data["ipRange"])):
                raise RefusalError(f"ip_range overlaps with subnet {other.data['ipRange']} (invalid_input)")
        data = {**self.shown(inputs), "ipRange": str(found), "gateway": str(whole[1])}
        return self.put_new(f"{network.id}-{found}", data, urn)

    def delete(self, identity: str, state: Plain) -> None:
        """Only when no server is in it."""
        found = self.world.get(self.kind, identity)
        attached = [] if found is None else attachments(self.world.objects("server_network"), found.data["networkId"])
        if found and any(ipaddress.ip_address(item.data["ip"]) in _network(found.data["ipRange"]) for item in attached):
            raise RefusalError("cannot remove subnet because servers are attached to it (conflict)")
        super().delete(identity, state)


class ServerNetwork(HcloudResource):
    """A server's place in a network."""

    token = "hcloud:index/serverNetwork:ServerNetwork"  # noqa: S105 - a type
    kind = "server_network"
    replaces = frozenset({"serverId", "networkId", "subnetId", "ip"})
    computed = frozenset({"ip", "networkId", "subnetId"})
    outputs = frozenset({"macAddress"})
    unread = frozenset({"subnetId"})

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """A network or a subnet, and an address that is one."""
        given = [key for key in ("networkId", "subnetId") if inputs.get(key) is not None]
        if not given:
            yield "networkId", "one of `network_id,subnet_id` must be specified"
        if len(given) == 2 and all(is_known(inputs[key]) for key in given):
            yield "networkId", "only one of `network_id,subnet_id` can be specified, but both were"
        if is_known(inputs.get("ip")) and _address(inputs["ip"]) is None:
            yield "ip", f"'{inputs['ip']}' is not a valid IP address"

    def create(self, inputs: Plain, urn: str) -> Made:
        """Attach; a server that is attached already is taken for success, whatever its address."""
        if inputs.get("networkId") is not None and inputs.get("subnetId") is not None:
            raise RefusalError("only one of `network_id,subnet_id` can be specified, but both were")
        server = self.world.get("server", str(inputs["serverId"]))
        if server is None:
            raise RefusalError(f"server with ID '{inputs['serverId']}' not found (not_found)")
        network = str(inputs.get("networkId") or str(inputs["subnetId"]).partition("-")[0])
        identity = f"{server.id}-{network}"
        attached = self.world.get(self.kind, identity)
        if attached is not None:
            item = self.world.put(self.kind, identity, attached.data, urn=urn)
            return Made(id=identity, outputs=self.visible(item))
        address = self._free(server, network, inputs)
        number = self.world.next_number("mac")
        data = {
            "aliasIps": [],
            **self.shown(inputs),
            "serverId": int(server.id),
            "networkId": int(network),
            "ip": str(address),
            "macAddress": f"86:00:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
        }
        try:
            return self.put_new(identity, data, urn, name=f"{server.name} {address}", scope=f"{network}/{address}")
        except TakenError as error:
            raise RefusalError("IP is not available (ip_not_available)") from error

    def changed(self, state: Plain, inputs: Plain) -> Plain:
        """Only the alias addresses can change."""
        del state
        return {"aliasIps": inputs.get("aliasIps") or []}

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """Set the alias addresses."""
        found = self.standing(identity)
        return self.visible(self.world.put(self.kind, identity, {**found.data, **self.changed(state, inputs)}))

    def _free(self, server: Item, network: str, inputs: Plain) -> ipaddress.IPv4Address:
        found = self.world.get("network", network)
        if found is None:
            raise RefusalError(f"network with ID '{network}' not found (not_found)")
        here = subnets(self.world.objects("network_subnet"), network)
        wanted = str(inputs.get("subnetId") or "")
        if wanted and not any(item.id == wanted for item in here):
            raise RefusalError(f"subnet {wanted} not found (not_found)")
        zone = network_zone(str(server.data["location"]))
        ranges = [_network(item.data["ipRange"]) for item in here if item.data["networkZone"] == zone]
        if not ranges:
            raise RefusalError(f"network has no subnet in the server's network zone {zone} (no_subnet_available)")
        taken = {
            ipaddress.IPv4Address(item.data["ip"]) for item in attachments(self.world.objects(self.kind), int(network))
        }
        taken |= {_network(found.data["ipRange"])[1], _RESERVED}
        if inputs.get("ip") is None:
            free = (host for part in ranges for host in part.hosts() if host not in taken)
            return next(free)
        address = ipaddress.IPv4Address(inputs["ip"])
        if not any(address in part and address not in (part[0], part[-1]) for part in ranges):
            raise RefusalError(f"IP {address} is not in a subnet of the network (invalid_input)")
        if address in taken:
            raise RefusalError("IP is not available (ip_not_available)")
        return address


def subnets(items: Iterable[Item], network: str) -> list[Item]:
    """Those of a network."""
    return [item for item in items if str(item.data["networkId"]) == network]


def attachments(items: Iterable[Item], network: int) -> list[Item]:
    """Those to a network."""
    return [item for item in items if item.data["networkId"] == network]


def _range_problems(inputs: Plain) -> Iterable[Problem]:
    if is_known(inputs.get("ipRange")):
        try:
            _network(inputs["ipRange"])
        except ValueError:
            yield "ipRange", f"invalid CIDR address: {inputs['ipRange']}"


def _network(text: Any) -> ipaddress.IPv4Network:
    if "/" not in str(text):
        raise ValueError(text)
    return ipaddress.IPv4Network(str(text), strict=False)


def _address(text: Any) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(str(text))
    except ValueError:
        return None
