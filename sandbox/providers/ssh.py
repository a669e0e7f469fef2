"""SSH to a recorded server: it must run, have the pinned host key, and know the user's key."""

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
    """A server after a successful login."""

    world: World
    server: Item

    @property
    def place(self) -> str:
        """The place of its files in the world. They are deleted with the server."""
        return f"server {self.server.id}"


def connect(world: World, connection: Plain) -> Host:
    """Return the server of a connection. Raises RefusalError with the real plugin's message, after one attempt."""
    try:
        return _attempt(world, connection)
    except RefusalError as error:
        raise RefusalError(after_attempts(connection, str(error))) from error


def after_attempts(connection: Mapping[str, Any], reason: str) -> str:
    """Return the plugin's error after its last attempt. It shows the limit, and makes one attempt more.

    Source: pulumi-command 1.2, remote/connection.go.
    """
    return f"after {dial_limit(connection)} failed attempts: {reason}"


def dial_limit(connection: Mapping[str, Any]) -> int:
    """Return how often the plugin retries."""
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
    """Return the server's cloud-config; empty if cloud-init could not read its user data."""
    text = str(server.data.get("_userData") or "")
    if not text.startswith("#cloud-config"):
        return {}
    try:
        found = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def server_at(world: World, address: str) -> Item | None:
    """Return the server with a public IPv4 address."""
    for item in world.objects("primary_ip"):
        if item.data["type"] == "ipv4" and item.data["ipAddress"] == address and item.data.get("assigneeId"):
            return world.get("server", str(item.data["assigneeId"]))
    return None


def _authorised(world: World, server: Item, first_boot: dict[str, Any], user: str) -> set[tuple[str, ...]]:
    """Return the keys that may log in as a user: the server's SSH keys as root, and those in the cloud-config."""
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
    """Return a key's type and blob, without its comment."""
    return tuple(text.split()[:2])
