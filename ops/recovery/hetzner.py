"""Find the stack's objects at Hetzner, by their names. The labels must name this stack.

The providers read most of them faithfully. They read neither the addresses of a server nor the subnet of an attachment,
so the state of these two is written here (docs/operations.md, "When an update is interrupted").
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Final, TypeVar

from ops.clouds import hetzner_objects as api
from ops.clouds.hetzner import Hetzner
from ops.recovery.found import DependsOnMissingError, Found, NotFoundError, Owner
from ops.recovery.program import Registration
from ops.recovery.values import Properties, is_known, plain

_TYPE: Final = "hcloud:index/"
_Named = TypeVar("_Named", bound=api.Owned)


class HetznerObjects:
    """The objects of one project of Hetzner. Each list is read once. Every method raises ApiError."""

    def __init__(self, cloud: Hetzner, owner: Owner) -> None:
        self._cloud: Final = cloud
        self._owner: Final = owner
        self._finders: Final[Mapping[str, Callable[[Registration, Properties], Found]]] = {
            f"{_TYPE}sshKey:SshKey": self._ssh_key,
            f"{_TYPE}network:Network": self._network,
            f"{_TYPE}networkSubnet:NetworkSubnet": self._subnet,
            f"{_TYPE}placementGroup:PlacementGroup": self._placement_group,
            f"{_TYPE}firewall:Firewall": self._firewall,
            f"{_TYPE}primaryIp:PrimaryIp": self._primary_ip,
            f"{_TYPE}server:Server": self._server,
            f"{_TYPE}serverNetwork:ServerNetwork": self._attachment,
        }

    @property
    def types(self) -> frozenset[str]:
        """The types of resources that this class finds."""
        return frozenset(self._finders)

    def find(self, registration: Registration) -> Found:
        """Return the object of a resource.

        Raises:
            NotFoundError: If there is none that could be this one.
            DependsOnMissingError: If it belongs to an object that was not found.
        """
        return self._finders[registration.type](registration, plain(registration.inputs))

    def _ssh_key(self, registration: Registration, wanted: Properties) -> Found:
        found = self._named("SSH key", self._ssh_keys, wanted)
        public_key = wanted["publicKey"]
        if is_known(public_key) and found.public_key.split()[:2] != str(public_key).split()[:2]:
            raise NotFoundError(
                f"Hetzner: SSH key {found.name} ({found.id}) is another key than the recovery document's"
            )
        return _read_by_provider(registration, str(found.id))

    def _network(self, registration: Registration, wanted: Properties) -> Found:
        found = self._named("network", self._networks, wanted)
        _same(f"network {found.name} ({found.id})", {"ip_range": (found.ip_range, wanted["ipRange"])})
        return _read_by_provider(registration, str(found.id))

    def _subnet(self, registration: Registration, wanted: Properties) -> Found:
        network = self._with_id(self._networks, wanted["networkId"])
        for subnet in network.subnets:
            if subnet.ip_range == wanted["ipRange"]:
                pairs = {
                    "type": (subnet.type, wanted["type"]),
                    "network_zone": (subnet.network_zone, wanted["networkZone"]),
                }
                _same(f"subnet {subnet.ip_range} of network {network.name}", pairs)
                return _read_by_provider(registration, f"{network.id}-{subnet.ip_range}")
        raise NotFoundError(f"Hetzner: network {network.name} ({network.id}) has no subnet {wanted['ipRange']}")

    def _placement_group(self, registration: Registration, wanted: Properties) -> Found:
        found = self._named("placement group", self._placement_groups, wanted)
        _same(f"placement group {found.name} ({found.id})", {"type": (found.type, wanted["type"])})
        return _read_by_provider(registration, str(found.id))

    def _firewall(self, registration: Registration, wanted: Properties) -> Found:
        return _read_by_provider(registration, str(self._named("firewall", self._firewalls, wanted).id))

    def _primary_ip(self, registration: Registration, wanted: Properties) -> Found:
        found = self._named("Primary IP", self._primary_ips, wanted)
        pairs = {"type": (found.type, wanted["type"]), "location": (found.location.name, wanted["location"])}
        _same(f"Primary IP {found.name} ({found.id})", pairs)
        return _read_by_provider(registration, str(found.id), {"ipAddress": found.ip.partition("/")[0]})

    def _server(self, registration: Registration, wanted: Properties) -> Found:
        found = self._named("server", self._servers, wanted)
        _same(f"server {found.name} ({found.id})", {"location": (found.location.name, wanted["location"])})
        state = {**registration.inputs, **_server_outputs(found, wanted)}
        ignored = {name: state[name] for name in registration.ignored if name in state and name != "userData"}
        inputs = {**registration.inputs, **ignored}  # an ignored input keeps its old value
        return Found(id=str(found.id), outputs=state, inputs=inputs, state=state)

    def _attachment(self, registration: Registration, wanted: Properties) -> Found:
        server = self._with_id(self._servers, wanted["serverId"])
        if not is_known(wanted["subnetId"]):
            raise DependsOnMissingError
        network = int(str(wanted["subnetId"]).partition("-")[0])
        for net in server.private_net:
            if net.network == network:
                what = f"attachment of server {server.name} to network {network}"
                _same(what, {"ip": (net.ip, wanted["ip"])})
                outputs = {"networkId": network, "aliasIps": list(net.alias_ips), "macAddress": net.mac_address}
                state = {**registration.inputs, **outputs}
                return Found(id=f"{server.id}-{network}", outputs=state, inputs=dict(registration.inputs), state=state)
        raise NotFoundError(f"Hetzner: server {server.name} ({server.id}) is not attached to network {network}")

    def _named(self, kind: str, objects: Iterable[_Named], wanted: Mapping[str, Any]) -> _Named:
        """Return the object with the wanted name, which is unique among the objects of its type."""
        name = str(wanted["name"])
        found = next((each for each in objects if each.name == name), None)
        if found is None:
            raise NotFoundError(f"Hetzner: there is no {kind} {name}")
        self._owner.check(f"Hetzner: {kind} {name} ({found.id})", found.labels)
        return found

    def _with_id(self, objects: Iterable[_Named], number: Any) -> _Named:
        """Return the object with an id that the search for another resource gave."""
        found = next((each for each in objects if str(each.id) == str(number)), None)
        if found is None:
            raise DependsOnMissingError
        return found

    @cached_property
    def _ssh_keys(self) -> list[api.SshKey]:
        return self._cloud.ssh_keys()

    @cached_property
    def _networks(self) -> list[api.Network]:
        return self._cloud.networks()

    @cached_property
    def _placement_groups(self) -> list[api.PlacementGroup]:
        return self._cloud.placement_groups()

    @cached_property
    def _firewalls(self) -> list[api.Firewall]:
        return self._cloud.firewalls()

    @cached_property
    def _primary_ips(self) -> list[api.PrimaryIp]:
        return self._cloud.primary_ips()

    @cached_property
    def _servers(self) -> list[api.Server]:
        return self._cloud.servers()


def _read_by_provider(registration: Registration, identity: str, outputs: Properties | None = None) -> Found:
    return Found(id=identity, outputs={**registration.inputs, **(outputs or {})})


def _same(what: str, pairs: Mapping[str, tuple[Any, Any]]) -> None:
    """Raise NotFoundError if a value differs whose change would replace the object."""
    for name, (actual, wanted) in pairs.items():
        if actual != wanted:
            raise NotFoundError(f"Hetzner: {what}: {name} is {actual}, and the stack file wants {wanted}")


def _server_outputs(found: api.Server, wanted: Properties) -> Properties:
    """Return a server's outputs. Source: getServerAttributes and userDataHashSum of terraform-provider-hcloud."""
    ipv4, ipv6 = found.public_net.ipv4, found.public_net.ipv6
    network = ipv6.ip if ipv6 else ""
    digest = hashlib.sha1(str(wanted["userData"]).encode()).digest()  # noqa: S324 - the provider's choice
    return {
        "name": found.name,
        "serverType": found.server_type.name,
        "location": found.location.name,
        "image": (found.image.name or str(found.image.id)) if found.image else wanted["image"],
        "labels": dict(found.labels),
        "status": found.status,
        "userData": base64.b64encode(digest).decode(),
        "ipv4Address": ipv4.ip if ipv4 else "",
        "ipv6Address": f"{network.partition('/')[0]}1" if network else "",
        "ipv6Network": network,
        "publicNets": [
            {
                "ipv4Enabled": ipv4 is not None,
                "ipv4": (ipv4.id or 0) if ipv4 else 0,
                "ipv6Enabled": ipv6 is not None,
                "ipv6": (ipv6.id or 0) if ipv6 else 0,
            }
        ],
        "firewallIds": [each.id for each in found.public_net.firewalls],
        "placementGroupId": found.placement_group.id if found.placement_group else None,
        "primaryDiskSize": found.primary_disk_size,
        "backups": bool(found.backup_window),
        "backupWindow": found.backup_window or "",
        "deleteProtection": found.protection.delete,
        "rebuildProtection": found.protection.rebuild,
        "allowDeprecatedImages": False,
        "ignoreRemoteFirewallIds": False,
        "keepDisk": False,
        "shutdownBeforeDeletion": False,
    }
