"""Facts in the inputs of resources and in the config, for descriptions and for the guard's rules."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ops.preview.redaction import UNKNOWN

Inputs = Mapping[str, Any]
_HOST: Final = re.compile(r"Host\(`([^`]+)`\)")


def dig(value: Any, *keys: str) -> Any:
    """Return the value at a path of keys, None if it is missing or if a part of the path is secret or unknown."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def cloud_sources(inputs: Inputs) -> dict[str, set[str]] | None:
    """Return the sources of each port in a cloud firewall, None if they are unknown; the port of UDP is `8472/udp`."""
    rules = inputs.get("rules") or []
    if not isinstance(rules, list):
        return None
    found: dict[str, set[str]] = {}
    for rule in rules:
        sources = dig(rule, "sourceIps") or []
        if not isinstance(rule, Mapping) or not isinstance(sources, list):
            return None
        if rule.get("direction") == "in":
            found.setdefault(_port(rule), set()).update(map(str, sources))
    return found


def host_policy(inputs: Inputs) -> dict[str, Any] | None:
    """Return the UFW policy on the stdin of `NODE-ufw-apply`, None if it is unknown or no JSON."""
    try:
        policy = json.loads(str(inputs.get("stdin", "")))["ufw"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return policy if isinstance(policy, dict) else None


def host_sources(inputs: Inputs) -> dict[str, set[str]] | None:
    """Return the sources of each port in a UFW policy, None if they are unknown."""
    policy = host_policy(inputs)
    if policy is None or not isinstance(policy.get("rules"), list):
        return None
    found: dict[str, set[str]] = {}
    for rule in policy["rules"]:
        if isinstance(rule, Mapping):
            found.setdefault(_port({**rule, "protocol": rule.get("proto")}), set()).add(str(rule.get("from")))
    return found


def certificate_hosts(inputs: Inputs) -> set[str]:
    """Return the hosts of a certificate, a request, an Ingress or an IngressRoute; unknown ones are left out."""
    named = [*_list(inputs.get("hostnames")), *_list(inputs.get("dnsNames"))]
    rules = [rule.get("host") for rule in _mappings(dig(inputs, "spec", "rules"))]
    matches = [str(route.get("match")) for route in _mappings(dig(inputs, "spec", "routes"))]
    found = [*named, *rules, *(host for match in matches for host in _HOST.findall(match))]
    return {str(host) for host in found if host and host != UNKNOWN}


def weights(inputs: Inputs) -> dict[str, Any]:
    """Return the weight of each Service of a TraefikService, the stable one first."""
    services = _mappings(dig(inputs, "spec", "weighted", "services"))
    return {str(service.get("name")): service.get("weight") for service in services}


def node_of(record: Inputs) -> str:
    """Return the node of a DNS record from its comment, or the address that it has."""
    comment = str(record.get("comment") or "").partition(",")[0].strip()
    return comment or str(record.get("content"))


def setting(config: Inputs, key: str) -> Any:
    """Return a structured value of the config, None if it is missing or no JSON."""
    value = config.get(f"honeydue:{key}")
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def route_hosts(config: Inputs) -> dict[str, list[str]]:
    """Return the hosts of each route in the config, by the route's name."""
    routes = _mappings(setting(config, "routes"))
    return {str(route.get("name")): [str(host) for host in _list(route.get("hosts"))] for route in routes}


def ingress_servers(config: Inputs) -> list[str]:
    """Return the names of the servers in the config that DNS points to."""
    servers = _mappings(setting(config, "servers"))
    return [str(server.get("name")) for server in servers if server.get("ingress", True) is not False]


def _port(rule: Inputs) -> str:
    port, proto = str(rule.get("port") or "").replace("-", ":") or "every port", rule.get("protocol")
    return port if proto in ("tcp", "", None) else f"{port}/{proto}"


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else []


def _mappings(value: Any) -> list[Inputs]:
    return [item for item in _list(value) if isinstance(item, Mapping)]
