"""SSH to a recorded server: it answers if it runs, has the host key that is pinned, and knows the user's key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Plain
from sandbox.providers.tls_keys import load_key, public_openssh
from sandbox.world import Item, World


@dataclass(frozen=True, kw_only=True)
class Host:
    """A server that let us in."""

    world: World
    server: Item

    @property
    def place(self) -> str:
        """Where in the world its own files are; they go with the server."""
        return f"server {self.server.id}"


def connect(world: World, connection: Plain) -> Host:
    """The server behind a connection. Raises RefusalError in the real plugin's words, but after a single attempt."""
    try:
        return _attempt(world, connection)
    except RefusalError as error:
        raise RefusalError(after_attempts(connection, str(error))) from error


def after_attempts(connection: Mapping[str, Any], reason: str) -> str:
    """The plugin's error after its last attempt; it gives the limit, and made one attempt more.

    Source: pulumi-command 1.2, remote/connection.go.
    """
    return f"after {dial_limit(connection)} failed attempts: {reason}"


def dial_limit(connection: Mapping[str, Any]) -> int:
    """How often the plugin tries again."""
    return int(connection.get("dialErrorLimit") or 10)


def _attempt(world: World, connection: Plain) -> Host:
    address = str(connection.get("host", ""))
    server = server_at(world, address)
    dial = f"dial tcp {address}:{int(connection.get('port') or 22)}"
    if server is None:
        raise RefusalError(f"{dial}: connect: connection refused")
    if server.data["status"] != "running":
        raise RefusalError(f"{dial}: i/o timeout")
    first_boot = instructions(server)
    pinned, own = connection.get("hostKey"), (first_boot.get("ssh_keys") or {}).get("ed25519_public")
    if pinned and _key(str(pinned)) != _key(str(own or "")):
        raise RefusalError("ssh: handshake failed: ssh: host key mismatch")
    key = connection.get("privateKey")
    user = str(connection.get("user") or "root")
    if not key or _key(public_openssh(load_key(str(key)))) not in _authorised(world, server, first_boot, user):
        raise RefusalError(
            "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], "
            "no supported methods remain"
        )
    return Host(world=world, server=server)


def instructions(server: Item) -> dict[str, Any]:
    """What cloud-init was told; empty where it was told nothing that it understands."""
    text = str(server.data.get("_userData") or "")
    if not text.startswith("#cloud-config"):
        return {}
    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def server_at(world: World, address: str) -> Item | None:
    """The server that a public IPv4 address leads to."""
    for item in world.objects("primary_ip"):
        if item.data["type"] == "ipv4" and item.data["ipAddress"] == address and item.data.get("assigneeId"):
            return world.get("server", str(item.data["assigneeId"]))
    return None


def _authorised(world: World, server: Item, first_boot: dict[str, Any], user: str) -> set[tuple[str, ...]]:
    """The keys that may log in as this user: those of the server's SSH keys as root, and those that cloud-init lays."""
    keys: list[str] = []
    if user == "root" and not first_boot.get("disable_root"):
        for wanted in server.data.get("sshKeys") or []:
            found = world.get("ssh_key", str(wanted)) or world.find("ssh_key", str(wanted))
            keys += [found.data["publicKey"]] if found else []
    for item in first_boot.get("users") or []:
        if isinstance(item, dict) and item.get("name") == user:
            keys += item.get("ssh_authorized_keys") or []
    return {_key(str(key)) for key in keys}


def _key(text: str) -> tuple[str, ...]:
    """Type and blob, without the comment."""
    return tuple(text.split()[:2])
