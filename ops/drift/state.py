"""The servers of a stack, as the last update left them in its state."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_SECRET: Final = "4dabf18193072939515e22adb298388d"  # noqa: S105 - a marker
"""The key that marks a secret in an exported state; its plain text is JSON."""
_COMMAND: Final = "command:remote:Command"
_SERVER: Final = "hcloud:index/server:Server"
_PROGRAM: Final = re.compile(r"/usr/local/lib/honeydue/[a-z0-9]+-[0-9a-f]{16}\.py")
_APPLY, _SETTINGS, _ROLLOUT = "-ufw-apply", "-k3s-settings", "traefik-rollout"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The SSH access to a server. The key never appears in a text."""

    host: str
    user: str
    host_key: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server: how to reach it, the programs on it, and what the last update gave them.

    Attributes:
        name: The name in the stack file, which is also the node's name.
        connection: The SSH access; None if the state was read without secrets.
        ufw_program: The path of the program that applied the firewall; empty if none did.
        ufw: The UFW policy; None if none was applied.
        k3s_program: The path of the program that installed k3s; empty if none did.
        k3s: The settings of k3s; None if there are none.
    """

    name: str
    connection: Connection | None = None
    ufw_program: str = ""
    ufw: Mapping[str, Any] | None = None
    k3s_program: str = ""
    k3s: Mapping[str, Any] | None = None

    @property
    def is_control_plane(self) -> bool:
        """Whether the server runs the Kubernetes API."""
        return self.k3s is not None and self.k3s.get("role") == "server"


@dataclass(frozen=True, kw_only=True)
class State:
    """The stack's name, its servers, and the check of Traefik's rollout: its node's address, the values' digest."""

    stack: str
    servers: tuple[Server, ...]
    api_host: str = ""
    values_digest: str = ""


def read(exported: Mapping[str, Any]) -> State:
    """Return the servers in the output of `pulumi stack export`; secrets may be in plain text or encrypted."""
    resources: Iterable[Mapping[str, Any]] = (exported.get("deployment") or {}).get("resources") or []
    current = [each for each in resources if not each.get("delete")]
    commands = {_name(each): _plain(each.get("inputs") or {}) for each in current if each["type"] == _COMMAND}
    names = sorted(_name(each) for each in current if each["type"] == _SERVER)
    rollout = commands.get(_ROLLOUT, {})
    words = shlex.split(str(rollout.get("create") or ""))
    return State(
        stack=str(current[0]["urn"]).split(":")[2] if current else "",
        servers=tuple(_server(name, commands) for name in names),
        api_host=str((_connection(rollout) or _NOWHERE).host),
        values_digest=words[4] if len(words) > 4 else "",
    )


def _server(name: str, commands: Mapping[str, Mapping[str, Any]]) -> Server:
    applied, configured = commands.get(name + _APPLY, {}), commands.get(name + _SETTINGS, {})
    policy = _json(applied.get("stdin")).get("ufw")
    settings = _json(configured.get("stdin"))
    return Server(
        name=name,
        connection=_connection(applied) or _connection(configured),
        ufw_program=_program(applied),
        ufw=policy if isinstance(policy, dict) else None,
        k3s_program=_program(configured),
        k3s=settings or None,
    )


_NOWHERE: Final = Connection(host="", user="", host_key="", private_key="")


def _connection(command: Mapping[str, Any]) -> Connection | None:
    given = command.get("connection")
    if not isinstance(given, Mapping):
        return None
    values = {key: given.get(key) for key in ("host", "user", "hostKey", "privateKey")}
    if not all(isinstance(value, str) and value for value in values.values()):
        return None
    host, user, host_key, private_key = (str(value) for value in values.values())
    return Connection(host=host, user=user, host_key=host_key, private_key=private_key)


def _program(command: Mapping[str, Any]) -> str:
    """Return the path in `sudo python3 PATH VERB`, an empty text for any other command."""
    words = shlex.split(str(command.get("create") or ""))
    path = words[2] if len(words) > 2 else ""
    return path if _PROGRAM.fullmatch(path) else ""


def _name(resource: Mapping[str, Any]) -> str:
    return str(resource["urn"]).rpartition("::")[2]


def _plain(value: Any) -> Any:
    """Return a value with its secrets in plain text, or None for those that stay encrypted."""
    if isinstance(value, Mapping):
        if _SECRET in value:
            return _plain(json.loads(value["plaintext"])) if "plaintext" in value else None
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _json(text: Any) -> dict[str, Any]:
    try:
        content = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {}
