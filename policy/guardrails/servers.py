"""Servers and their network: first boot, addresses, protection, both firewalls, an odd number of control planes."""

from collections.abc import Iterator
from typing import Final

from .addresses import judge_operator, network_at, private
from .commands import COMMAND, SSH_KEY
from .documents import yaml_in
from .firewalls import FIREWALL, is_ufw_apply
from .model import Graph, Resource
from .rules import Found, ResourceRule, StackRule, at, inputs
from .shapes import fixed, holding, known, listed, one_of, shape, text
from .view import MalformedError, NotKnown, Outcome, View, attempt

SERVER: Final = "hcloud:index/server:Server"
PRIMARY_IP: Final = "hcloud:index/primaryIp:PrimaryIp"
TEARDOWN: Final = "teardown"
"""The label of a stack whose file sets teardown, so that everything may be deleted."""

_AT_MOST_ONE: Final = (
    "only the server being replaced may be unprotected: set protect=True, or set teardown to delete the whole stack"
)
_STATE_DIGEST: Final = r"[A-Za-z0-9+/]{27}="
"""The SHA-1 that a refreshed state has instead of user_data."""


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
    why = "the address must outlive its server, because DNS points to it"
    yield from attempt(fixed(False, why)(View(resource.plain).at("autoDelete")))
    if not resource.protect and not tearing_down(resource):
        yield "it is not protected, so an edit could delete the address; set protect=True"


def _written_files(view: View) -> Iterator[Outcome]:
    if view.value not in FILES:
        yield f"{view.path} is not known here; add it to FILES in policy/guardrails/servers.py if it is wanted"


def _command(view: View) -> Iterator[Outcome]:
    words = view.value
    if words in COMMANDS:
        return
    match words:
        case ["ufw", "allow", "from", str(_), "to", "any", "port", "22", "proto", "tcp", "comment", str(_)]:
            yield from judge_operator(network_at(view.items()[3]), view.path)
        case _:
            yield f"{view.path} is not known here; add it to COMMANDS in policy/guardrails/servers.py if it is wanted"


COMMANDS: Final[list[list[str]]] = [
    ["sh", "-c", "command -v ufw >/dev/null || (apt-get update && apt-get install -y ufw)"],
    ["sysctl", "--system"],
    ["ufw", "default", "deny", "incoming"],
    ["ufw", "default", "deny", "routed"],
    ["ufw", "default", "allow", "outgoing"],
    ["ufw", "--force", "enable"],
]
"""The commands of the first boot. Keep a former one as long as a server exists that was created with it."""

FILES: Final[list[dict[str, str]]] = [
    {
        "path": "/etc/sysctl.d/90-honeydue.conf",
        "content": "net.ipv4.ip_unprivileged_port_start = 80\n",
        "permissions": "0644",
    }
]
"""The files of the first boot."""

_USER: Final = shape(
    "_USER in policy/guardrails/servers.py",
    {
        "name": text(r"(?!root$)[a-z][-a-z0-9]{0,31}", "a user name other than root"),
        "groups": fixed(["sudo"], "the user administers the server"),
        "lock_passwd": fixed(True, "nobody may log in with a password"),
        "shell": fixed("/bin/bash", "the user runs the host programs"),
        "sudo": fixed("ALL=(ALL) NOPASSWD:ALL", "the user has no password"),
        "ssh_authorized_keys": listed(text(SSH_KEY, "an ed25519 key"), empty=False, most=1),
    },
)
USER_DATA: Final = shape(
    "USER_DATA in policy/guardrails/servers.py",
    {
        "hostname": text(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "a DNS label"),
        "locale": known,
        "disable_root": fixed(True, "root may not log in"),
        "ssh_pwauth": fixed(False, "nobody may log in with a password"),
        "ssh_deletekeys": fixed(True, "the image's host keys are not secret"),
        "ssh_keys": shape(
            "USER_DATA in policy/guardrails/servers.py",
            {
                "ed25519_private": text(r"(?s).+", "the private host key", secret=True),
                "ed25519_public": text(SSH_KEY, "the public host key"),
            },
        ),
        "users": listed(_USER, empty=False, most=1),
        "write_files": listed(_written_files),
        "runcmd": listed(_command, empty=False),
    },
)


def _user_data(resource: Resource) -> Iterator[Outcome]:
    """Check the instructions for cloud-init. A server that exists keeps those of its creation."""
    place = View(resource.plain).at("userData")
    content = place.text()
    if "userData" in resource.ignore_changes and not list(text(_STATE_DIGEST, "")(place)):
        return
    if not content.startswith("#cloud-config\n"):
        raise MalformedError("userData does not begin with the line #cloud-config")
    yield from USER_DATA(yaml_in(place, "userData", secret=True))


def _server(resource: Resource) -> Iterator[Outcome]:
    """Check a server. A preview does not know the ids of firewalls and keys, but knows their number."""
    given = View(resource.plain)
    yield from attempt(_user_data(resource))
    for key, why in (
        ("firewallIds", "so the whole internet could reach the server; attach the stack's firewall"),
        ("sshKeys", "so Hetzner would create a root password and send it by e-mail; attach the stack's key"),
    ):
        yield from attempt(_not_empty(given.at(key), why))
    yield from attempt(one_of(None, False, why="remove it: it starts another system")(given.at("rescue")))


def _not_empty(view: View, why: str) -> Iterator[Outcome]:
    if not view.items():
        yield f"{view.path} is empty, {why}"


TYPES: Final = {
    SERVER: _server,
    PRIMARY_IP: _primary_ip,
    "hcloud:index/network:Network": inputs(holding({"ipRange": private})),
    "hcloud:index/networkSubnet:NetworkSubnet": inputs(
        holding({"ipRange": private, "type": one_of("cloud", why="a vSwitch would connect other machines")})
    ),
    "hcloud:index/serverNetwork:ServerNetwork": inputs(holding({"ip": private})),
    "hcloud:index/placementGroup:PlacementGroup": inputs(
        holding({"type": one_of("spread", why="servers must not share a host")})
    ),
    "hcloud:index/sshKey:SshKey": inputs(holding({"publicKey": text(SSH_KEY, "an ed25519 key")})),
}
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
        types=(SERVER, COMMAND, FIREWALL),
        check=_stack,
    ),
)
