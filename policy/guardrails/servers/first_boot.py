"""The first boot of a server: its user_data for cloud-init."""

from collections.abc import Iterator
from typing import Final

from guardrails.firewalls.sources import judge_operator, judge_operators
from guardrails.mechanism.addresses import network_at
from guardrails.mechanism.documents import yaml_in
from guardrails.mechanism.model import Resource
from guardrails.mechanism.shapes import Entry, fixed, known, listed, shape, table_in, text, unknown
from guardrails.mechanism.view import MalformedError, Outcome, View
from guardrails.releases.commands import SSH_KEY

_in = table_in(__name__)
_STATE_DIGEST: Final = r"[A-Za-z0-9+/]{27}="
"""The SHA-1 that a refreshed state has instead of user_data."""


def _file(view: View) -> Iterator[Outcome]:
    if view.value not in FILES:
        yield unknown(view.path, _in("FILES"))


def _commands(view: View) -> Iterator[Outcome]:
    """Check the commands. Besides those of the table, they open SSH to operators."""
    operators, given = [], list[list[str]]()
    for command in view.items():
        match command.value:
            case words if words in COMMANDS:
                given.append(words)
            case ["ufw", "allow", "from", str(_), "to", "any", "port", "22", "proto", "tcp", "comment", str(_)]:
                operators.append(network_at(command.items()[3]))
                yield from judge_operator(operators[-1], command.path)
            case _:
                yield unknown(command.path, _in("COMMANDS"))
    for words in _CLOSED:
        if words not in given:
            yield f"{view.path} lacks {' '.join(words)!r}, so the server would start without its own firewall"
    yield from judge_operators(operators)


_CLOSED: Final[list[list[str]]] = [["ufw", "default", "deny", "incoming"], ["ufw", "--force", "enable"]]
"""The commands that every first boot must have."""

COMMANDS: Final[list[list[str]]] = [
    ["sh", "-c", "command -v ufw >/dev/null || (apt-get update && apt-get install -y ufw)"],
    ["sysctl", "--system"],
    ["ufw", "default", "deny", "routed"],
    ["ufw", "default", "allow", "outgoing"],
    *_CLOSED,
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

USER_DATA: Final[dict[str, Entry]] = {
    "hostname": text(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "a DNS label"),
    "locale": known,
    "disable_root": fixed(True, "root may not log in"),
    "ssh_pwauth": fixed(False, "nobody may log in with a password"),
    "ssh_deletekeys": fixed(True, "the image's host keys are not secret"),
    "ssh_keys": {
        "ed25519_private": text(r"(?s).+", "the private host key", secret=True),
        "ed25519_public": text(SSH_KEY, "the public host key"),
    },
    "users": listed(
        {
            "name": text(r"(?!root$)[a-z][-a-z0-9]{0,31}", "a user name other than root"),
            "groups": fixed(["sudo"], "the user administers the server"),
            "lock_passwd": fixed(True, "nobody may log in with a password"),
            "shell": fixed("/bin/bash", "the user runs the host programs"),
            "sudo": fixed("ALL=(ALL) NOPASSWD:ALL", "the user has no password"),
            "ssh_authorized_keys": listed(text(SSH_KEY, "an ed25519 key"), empty=False, most=1),
        },
        empty=False,
        most=1,
    ),
    "write_files": listed(_file),
    "runcmd": _commands,
}
"""The instructions for cloud-init."""


def user_data(resource: Resource) -> Iterator[Outcome]:
    """Check the instructions for cloud-init. A server that exists keeps those of its creation."""
    place = View(resource.plain).at("userData")
    content = place.text()
    if "userData" in resource.ignore_changes and not list(text(_STATE_DIGEST, "")(place)):
        return
    if not content.startswith("#cloud-config\n"):
        raise MalformedError("userData does not begin with the line #cloud-config")
    yield from shape(_in("USER_DATA"), USER_DATA)(yaml_in(place, "userData", secret=True))
