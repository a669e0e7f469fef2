"""Servers and their network: first boot, addresses, protection, both firewalls, an odd number of control planes."""

from collections.abc import Iterator
from typing import Final

from guardrails.firewalls.openings import FIREWALL, is_ufw_apply
from guardrails.mechanism.addresses import private
from guardrails.mechanism.model import Graph, Resource
from guardrails.mechanism.rules import Found, Judge, ResourceRule, StackRule, at
from guardrails.mechanism.shapes import Entry, fixed, known, listed, maybe, one_of, shape, table_in, text
from guardrails.mechanism.view import Check, NotKnown, Outcome, View, attempt
from guardrails.releases.commands import COMMAND, SSH_KEY

from .first_boot import user_data

_in = table_in(__name__)
SERVER: Final = "hcloud:index/server:Server"
PRIMARY_IP: Final = "hcloud:index/primaryIp:PrimaryIp"
PUBLIC_KEY: Final = "hcloud:index/sshKey:SshKey"
TEARDOWN: Final = "teardown"
"""The label of a stack whose file sets teardown, so that everything may be deleted."""

_AT_MOST_ONE: Final = (
    "only the server being replaced may be unprotected: set protect=True, or set teardown to delete the whole stack"
)


def label(resource: Resource, key: str) -> View:
    """Return an hcloud label."""
    return View(resource.plain).at("labels").at(key)


def tearing_down(resource: Resource) -> bool:
    """Whether the stack file sets teardown.

    Raises:
        NotKnown: If the label is unknown.
    """
    return bool(label(resource, TEARDOWN).value == "true")


def _primary_ip(resource: Resource) -> Iterator[Outcome]:
    if not resource.protect and not tearing_down(resource):
        yield "it is not protected, so an edit could delete the address; set protect=True"


def _only(why: str) -> Check:
    """Return the check of a list of one id. A preview does not know the id, but knows that there is one."""
    return listed(known, empty=False, most=1, why=why)


_NAMED: Final[dict[str, Entry]] = {"name": known, "labels": known, "deleteProtection": known}
_OFF: Final = one_of(None, False)
_API: Final = text(r"https://api\.hetzner\.cloud/v1/?|http://(127\.0\.0\.1|localhost)(:\d+)?(/.*)?", "Hetzner's API")

SERVERS: Final[dict[str, Entry]] = {
    **_NAMED,
    "userData": known,  # judged by the rule for the first boot
    "firewallIds": _only("so the whole internet could reach the server; attach the stack's firewall"),
    "sshKeys": _only("so Hetzner would create a root password and send it by e-mail; attach the stack's key"),
    "image": text(r"(ubuntu|debian)-[0-9.]+", "an image of Hetzner's, such as ubuntu-24.04"),
    "rescue": one_of(None, False, why="remove it: it starts another system"),
    **dict.fromkeys(("location", "serverType", "placementGroupId", "publicNets", "shutdownBeforeDeletion"), known),
    **dict.fromkeys(("backups", "keepDisk", "rebuildProtection"), one_of(None, False, True)),
    **dict.fromkeys(("allowDeprecatedImages", "ignoreRemoteFirewallIds"), _OFF),
}
"""The inputs of a server."""

CLOUD: Final[dict[str, dict[str, Entry]]] = {
    PRIMARY_IP: {
        **_NAMED,
        "type": one_of("ipv4", "ipv6"),
        "autoDelete": fixed(False, "the address must outlive its server, because DNS points to it"),
        **dict.fromkeys(("assigneeType", "location", "ipAddress"), known),
    },
    "hcloud:index/network:Network": {**_NAMED, "ipRange": private, "exposeRoutesToVswitch": _OFF},
    "hcloud:index/networkSubnet:NetworkSubnet": {
        "networkId": known,
        "networkZone": known,
        "ipRange": private,
        "type": one_of("cloud", why="a vSwitch would connect other machines"),
    },
    "hcloud:index/serverNetwork:ServerNetwork": {
        "ip": private,
        "aliasIps": listed(private),
        **dict.fromkeys(("serverId", "networkId", "subnetId"), known),
    },
    "hcloud:index/placementGroup:PlacementGroup": {
        **_NAMED,
        "type": one_of("spread", why="servers must not share a host"),
    },
    PUBLIC_KEY: {**_NAMED, "publicKey": text(SSH_KEY, "an ed25519 key")},
    "pulumi:providers:hcloud": {
        **dict.fromkeys(("token", "version", "pollInterval", "pollFunction"), known),
        "endpoint": maybe(_API),
    },
}
"""The inputs of Hetzner's other resources, except the firewall, and of its provider."""


def _server(resource: Resource) -> Iterator[Outcome]:
    yield from attempt(user_data(resource))
    yield from shape(_in("SERVERS"), SERVERS)(View(resource.plain))


def _cloud(resource: Resource) -> Iterator[Outcome]:
    yield from shape(_in("CLOUD"), CLOUD[resource.type])(View(resource.plain))
    if resource.type == PRIMARY_IP:
        yield from attempt(_primary_ip(resource))


TYPES: Final[dict[str, Judge]] = {SERVER: _server, **dict.fromkeys(CLOUD, _cloud)}
"""The types of Hetzner's that the stack may have, besides the firewall; each with its judge."""


def _stack(graph: Graph) -> Iterator[Found]:
    yield from _guarded(graph)
    yield from _protected(graph)
    yield from _voters(graph)


def _protected(graph: Graph) -> Iterator[Found]:
    servers = graph.of(SERVER)
    unknown = [(server, gap) for server in servers if (gap := _gap(server))]
    yield from unknown
    gapped = {server.urn for server, _ in unknown}
    if servers and all(tearing_down(server) for server in servers if server.urn not in gapped):
        return
    bare = [server for server in servers if not server.protect]
    if len(bare) > 1:
        names = ", ".join(server.name for server in bare)
        yield from ((server, f"{names} are not protected; {_AT_MOST_ONE}") for server in bare)


def _gap(server: Resource) -> NotKnown | None:
    try:
        tearing_down(server)
    except NotKnown as gap:
        return gap
    return None


def _guarded(graph: Graph) -> Iterator[Found]:
    guarded: set[str] = set()
    for command in graph.of(COMMAND):
        try:
            if is_ufw_apply(command):
                guarded |= command.all_dependencies
        except NotKnown as gap:
            yield command, gap
            guarded |= command.all_dependencies  # perhaps; known at the update
    for server in graph.of(SERVER):
        if server.urn not in guarded:
            yield (
                server,
                "no command applies a UFW policy to it; its HostFirewall must have the server's id as a trigger",
            )
        if not graph.behind(server, FIREWALL, "firewallIds"):
            yield (
                server,
                "firewallIds has no firewall of this stack; attach the stack's own, because others are not checked",
            )
        if not graph.behind(server, PUBLIC_KEY, "sshKeys"):
            yield server, "sshKeys has no key of this stack; attach the stack's own, because others could log in"


def _voters(graph: Graph) -> Iterator[Found]:
    planes, unknown = 0, False
    for server in graph.of(SERVER):
        found = list(at(server, _role(server)))
        yield from found
        unknown |= bool(found)
        planes += not found and label(server, "role").value == "server"
    if graph.of(SERVER) and not unknown and planes % 2 == 0:
        yield None, f"{planes} servers have the role server; use an odd number: etcd loses its quorum with half of them"


def _role(server: Resource) -> Iterator[Outcome]:
    yield from one_of("server", "agent")(label(server, "role"))


RULES: Final = (
    ResourceRule(
        name="servers-are-known",
        description="Servers boot in a known way behind a firewall, keep their addresses, and use a private network.",
        judges=TYPES,
    ),
    StackRule(
        name="servers-survive-one-mistake",
        description="Servers are behind both firewalls, protected but for one, and an odd number are control planes.",
        types=(SERVER, COMMAND, FIREWALL, PUBLIC_KEY),
        check=_stack,
    ),
)
