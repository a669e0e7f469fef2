"""Rules for servers: protection, both firewalls, permanent addresses, and an odd number of control planes."""

from collections.abc import Iterator
from typing import Final

from .firewalls import COMMAND, FIREWALL, is_ufw_apply
from .model import Graph, Resource
from .rules import Found, ResourceRule, StackRule, at
from .view import NotKnown, Outcome, View, attempt, demand

SERVER: Final = "hcloud:index/server:Server"
PRIMARY_IP: Final = "hcloud:index/primaryIp:PrimaryIp"
TEARDOWN: Final = "teardown"
"""The label of a stack whose file sets teardown, so that everything may be deleted."""

_AT_MOST_ONE: Final = (
    "only the server being replaced may be unprotected: set protect=True, or set teardown to delete the whole stack"
)


def label(resource: Resource, key: str) -> View:
    """Return the view of an hcloud label."""
    return View(resource.plain).at("labels").at(key)


def _primary_ip(resource: Resource) -> Iterator[Outcome]:
    inputs = View(resource.plain)
    yield from attempt(
        demand(inputs.at("autoDelete"), False, "the address must outlive its server, because DNS points to it")
    )
    if not resource.protect and label(resource, TEARDOWN).value != "true":
        yield "it is not protected, so an edit could delete the address; set protect=True"


def _firewall_ids(resource: Resource) -> Iterator[Outcome]:
    """Check that firewalls are attached. A preview does not know their ids, but knows their number."""
    ids = View(resource.plain).at("firewallIds")
    if not ids.items():
        yield f"{ids.path} is empty, so the whole internet could reach the server; attach the stack's firewall"


def _protected(graph: Graph) -> Iterator[Found]:
    servers = graph.of(SERVER)
    yield from ((server, outcome) for server in servers for outcome in _label_unknown(server))
    if servers and all(label(server, TEARDOWN).value == "true" for server in servers if not _gap(server)):
        return
    bare = [server for server in servers if not server.protect]
    if len(bare) > 1:
        names = ", ".join(server.name for server in bare)
        yield from ((server, f"{names} are not protected; {_AT_MOST_ONE}") for server in bare)


def _gap(server: Resource) -> bool:
    return any(True for _ in _label_unknown(server))


def _label_unknown(server: Resource) -> Iterator[NotKnown]:
    try:
        _ = label(server, TEARDOWN).value
    except NotKnown as gap:
        yield gap


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
                "no command applies a UFW policy to it; give it a HostFirewall, whose command has its id as a trigger",
            )
        if not graph.behind(server, FIREWALL, "firewallIds"):
            yield (
                server,
                "firewallIds has no firewall of this stack; attach the stack's own, because others are not checked",
            )


def _voters(graph: Graph) -> Iterator[Found]:
    planes = 0
    unknown = False
    for server in graph.of(SERVER):
        found = list(at(server, _role(server)))
        yield from found
        unknown |= bool(found)
        planes += not found and label(server, "role").value == "server"
    if graph.of(SERVER) and not unknown and planes % 2 == 0:
        yield (
            None,
            f"{planes} servers have the role server; use an odd number: etcd loses its quorum with half of them",
        )


def _role(server: Resource) -> Iterator[Outcome]:
    role = label(server, "role")
    if role.value not in ("server", "agent"):
        yield f"{role.path} is {role.value!r}; set it to 'server' or 'agent'"


SERVER_RULES: Final = (
    ResourceRule(
        name="addresses-outlive-servers",
        description="Primary IPs are protected and are not deleted with their server.",
        types=(PRIMARY_IP,),
        check=_primary_ip,
    ),
    ResourceRule(
        name="servers-have-a-cloud-firewall",
        description="Every server has a cloud firewall from its creation on.",
        types=(SERVER,),
        check=_firewall_ids,
    ),
    StackRule(
        name="servers-are-behind-both-firewalls",
        description="Every server has this stack's cloud firewall and a UFW policy of its own.",
        types=(SERVER, COMMAND, FIREWALL),
        check=_guarded,
    ),
    StackRule(
        name="one-server-goes-at-a-time",
        description="All servers but at most one are protected, unless the stack is being torn down.",
        types=(SERVER,),
        check=_protected,
    ),
    StackRule(
        name="control-planes-are-odd",
        description="The number of control planes is odd.",
        types=(SERVER,),
        check=_voters,
    ),
)
