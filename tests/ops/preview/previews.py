"""Hand-made previews in the form of `pulumi preview --json`, for tests of rules and renderings."""

import json
from typing import Any, Final

from ops.preview.reading import Preview, parse

SERVER: Final = "honeydue:index:Fleet$honeydue:index:Node$hcloud:index/server:Server"
PRIMARY_IP: Final = "honeydue:index:Fleet$honeydue:index:Node$hcloud:index/primaryIp:PrimaryIp"
NETWORK: Final = "honeydue:index:Fleet$honeydue:index:PrivateNetwork$hcloud:index/network:Network"
SUBNET: Final = "honeydue:index:Fleet$honeydue:index:PrivateNetwork$hcloud:index/networkSubnet:NetworkSubnet"
FIREWALL: Final = "honeydue:index:Fleet$honeydue:index:PrivateNetwork$hcloud:index/firewall:Firewall"
UFW: Final = "honeydue:index:Fleet$honeydue:index:HostFirewall$command:remote:Command"
COMMAND: Final = "honeydue:index:Fleet$honeydue:index:Node$command:remote:Command"
RECORD: Final = "honeydue:index:RoundRobinDns$cloudflare:index/dnsRecord:DnsRecord"
CERTIFICATE: Final = "honeydue:index:OriginCertificate$cloudflare:index/originCaCertificate:OriginCaCertificate"
SETTING: Final = "honeydue:index:ZoneTls$cloudflare:index/zoneSetting:ZoneSetting"
SWITCH: Final = (
    "honeydue:index:OriginPulls$cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings"
)
TLS_OPTION: Final = "honeydue:index:Traefik$kubernetes:traefik.io/v1alpha1:TLSOption"
NAMESPACE: Final = "honeydue:index:Routes$kubernetes:core/v1:Namespace"
SECRET: Final = "honeydue:index:Routes$kubernetes:core/v1:Secret"
WEIGHTED: Final = "honeydue:index:Routes$kubernetes:traefik.io/v1alpha1:TraefikService"

CONFIG: Final = {
    "honeydue:routes": json.dumps([{"name": "api", "hosts": ["api.example.com"], "service": "api"}]),
    "honeydue:servers": json.dumps([{"name": "node1"}, {"name": "node2"}, {"name": "node3", "ingress": False}]),
}


def step(operation: str, kind: str, name: str, before: Any = None, after: Any = None) -> dict[str, Any]:
    """A step of the engine; None is a state that does not exist."""
    made: dict[str, Any] = {"op": operation, "urn": f"urn:pulumi:prod::honeydue::{kind}::{name}"}
    for state, inputs in (("oldState", before), ("newState", after)):
        if inputs is not None:
            made[state] = {"inputs": inputs}
    return made


def preview(*steps: dict[str, Any], same: int = 0, config: Any = None, diagnostics: Any = None) -> Preview:
    """The preview with these steps, read as from a file."""
    return parse(text(*steps, same=same, config=config, diagnostics=diagnostics))


def text(*steps: dict[str, Any], same: int = 0, config: Any = None, diagnostics: Any = None) -> str:
    """The same as a file's content."""
    content = {
        "config": CONFIG if config is None else config,
        "steps": list(steps),
        "diagnostics": diagnostics or [],
        "changeSummary": {"same": same},
    }
    return json.dumps(content)


def record(node: str, kind: str = "A", host: str = "api.example.com") -> dict[str, Any]:
    """The inputs of a DNS record."""
    return {"name": host, "type": kind, "content": "192.0.2.1", "comment": f"{node}, honeydue/prod"}


def cloud_rules(**sources: list[str]) -> dict[str, Any]:
    """The inputs of a cloud firewall; p443=[...] is what may reach port 443."""
    rules = [
        {"direction": "in", "protocol": "tcp", "port": port[1:], "sourceIps": ranges}
        for port, ranges in sources.items()
    ]
    return {"rules": rules}


def ufw_rules(**sources: list[str]) -> dict[str, Any]:
    """The inputs of NODE-ufw-apply, likewise."""
    rules = [
        {"from": source, "port": port[1:], "proto": "tcp", "comment": "test"}
        for port, ranges in sources.items()
        for source in ranges
    ]
    policy = {"incoming": "deny", "outgoing": "allow", "routed": "deny", "rules": rules}
    return {"stdin": json.dumps({"attempt": 1, "ufw": policy}, indent=1)}
