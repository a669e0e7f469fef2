"""The facts about the stack's last deployment that this run needs.

Source: the engine's `readStackResourceOutputs`, which reads the latest state. It needs no cloud and works in previews.
Unlike the stack's outputs, it is also correct after an update that failed half-way.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.digests import json_digest


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The deployed stack; empty before its first update.

    Attributes:
        networks: The ranges of the private network and its subnet, by the key of the stack file.
        private_ips: Each server's private address.
        roles: Each server's role.
        users: The SSH user of each server.
        namespace: The namespace of the routes.
        k3s_versions: The k3s release that was last installed on each server.
        attempts: The number of the next attempt to apply each host firewall.
    """

    networks: Mapping[str, str] = field(default_factory=dict)
    private_ips: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    namespace: str | None = None
    k3s_versions: Mapping[str, str] = field(default_factory=dict)
    attempts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls) -> "Deployed":
        """Read the state of the stack that this program deploys."""
        own = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
        answer = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": own}).value
        return cls.of((answer or {}).get("outputs") or {})

    @classmethod
    def of(cls, resources: Mapping[str, Mapping[str, Any]]) -> "Deployed":
        """Collect the facts from the resources of a state.

        Args:
            resources: By URN, each with its `type` and its `outputs`, which include the inputs.
        """
        found = _ByType(resources)
        commands = found.all("command:remote:Command")
        namespaces = found.all("kubernetes:core/v1:Namespace")
        return cls(
            networks={
                key: outputs["ipRange"]
                for key, kind in (("networkRange", "network:Network"), ("subnetRange", "networkSubnet:NetworkSubnet"))
                for outputs in found.all(f"hcloud:index/{kind}").values()
            },
            private_ips=_named(found.all("hcloud:index/serverNetwork:ServerNetwork"), "-private", _private_ip),
            roles=_named(found.all("hcloud:index/server:Server"), "", _role),
            users=_named(commands, "-boot", _user),
            namespace=next((outputs["metadata"]["name"] for outputs in namespaces.values()), None),
            k3s_versions=_named(commands, "-k3s", _k3s_version),
            attempts={
                name.removesuffix("-ufw-apply"): _next_attempt(
                    outputs, commands.get(f"{name.removesuffix('-apply')}-confirm")
                )
                for name, outputs in commands.items()
                if name.endswith("-ufw-apply")
            },
        )


class _ByType:
    def __init__(self, resources: Mapping[str, Mapping[str, Any]]) -> None:
        self._resources = resources

    def all(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Return the outputs of the resources of a type, by name."""
        return {
            urn.rpartition("::")[2]: resource["outputs"]
            for urn, resource in self._resources.items()
            if resource["type"] == kind
        }


def _named(
    outputs: Mapping[str, Mapping[str, Any]], suffix: str, read: Callable[[Mapping[str, Any]], Any]
) -> dict[str, str]:
    """Return a value of each server, by the server's name; skip resources without the suffix or the value."""
    found = {name.removesuffix(suffix): read(item) for name, item in outputs.items() if name.endswith(suffix)}
    return {name: str(value) for name, value in found.items() if value}


def _private_ip(attachment: Mapping[str, Any]) -> Any:
    return attachment.get("ip")


def _role(server: Mapping[str, Any]) -> Any:
    return (server.get("labels") or {}).get("role")


def _user(command: Mapping[str, Any]) -> Any:
    return (command.get("connection") or {}).get("user")


def _k3s_version(command: Mapping[str, Any]) -> Any:
    """Return the version in `sudo python3 PROGRAM join VERSION DIGEST`."""
    words = shlex.split(command.get("create") or "")
    return next((word for word in words[4:5] if re.fullmatch(r"v\d+\.\d+\.\d+\+k3s\d+", word)), None)


def _next_attempt(applied: Mapping[str, Any], confirmed: Mapping[str, Any] | None) -> int:
    """Return the number of the last attempt, or the next one if that attempt was applied but never confirmed."""
    given = json.loads(applied.get("stdin") or "{}")
    wanted = json.loads((confirmed or {}).get("stdin") or "{}").get("confirm")
    last = int(given.get("attempt", 1))
    return last if wanted == json_digest(given.get("ufw", {})) else last + 1
