"""The output of `pulumi stack export --show-secrets` for servers that the tests describe."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from components import host_programs
from components.cloudflare_ranges import snapshot
from ops.drift.state import Connection

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
VERSION: Final = "v1.34.6+k3s1"
DIGEST: Final = "0123456789abcdef"
POLICY: Final[dict[str, Any]] = {
    "incoming": "deny",
    "outgoing": "allow",
    "routed": "deny",
    "rollbackSeconds": 90,
    "rules": [
        {"from": str(network), "port": "443", "proto": "tcp", "comment": "https from Cloudflare"}
        for network in snapshot().all
    ],
}


def settings(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "role": "server", "version": VERSION, "config": {"node-name": name}, **changes}


def secret(value: Any) -> dict[str, Any]:
    """A secret as the export writes it in plain text."""
    return {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(value)}


def resource(kind: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:test::honeydue::a$b${kind}::{name}", "type": kind, "inputs": dict(inputs)}


def command(name: str, connection: Connection | None, create: str, stdin: Any = None) -> dict[str, Any]:
    given = connection and secret(
        {
            "host": connection.host,
            "user": connection.user,
            "hostKey": connection.host_key,
            "privateKey": connection.private_key,
        }
    )
    text = None if stdin is None else json.dumps(stdin, indent=1, sort_keys=True)
    return resource("command:remote:Command", name, {"connection": given, "create": create, "stdin": text})


def server(
    name: str,
    connection: Connection | None,
    *,
    policy: Mapping[str, Any] = POLICY,
    program: str = "",
    **changes: Any,
) -> list[dict[str, Any]]:
    """A server and its commands; `program` is the path of both host programs, by default the present ones."""
    ufw, k3s = (f"sudo python3 {program or host_programs.path(each)}" for each in ("ufw", "k3s"))
    return [
        resource("hcloud:index/server:Server", name, {"name": name}),
        command(f"{name}-ufw-apply", connection, f"{ufw} apply", {"ufw": policy, "attempt": 1}),
        command(f"{name}-k3s-settings", connection, f"{k3s} configure", settings(name, **changes)),
    ]


def export(*servers: Sequence[Mapping[str, Any]], api: Connection | None = None) -> dict[str, Any]:
    """The state of a stack with these servers."""
    resources = [each for one in servers for each in one]
    if api:
        resources.append(command("traefik-rollout", api, f"sudo python3 rollout.py wait {DIGEST} 600"))
    return {"version": 3, "deployment": {"resources": resources}}
