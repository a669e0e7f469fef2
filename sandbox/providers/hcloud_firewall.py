"""Hetzner's Cloud Firewall: which of a rule's mistakes the plugin sees, and which only the API."""

import ipaddress
from collections.abc import Iterable
from typing import Any, Final

from sandbox.providers.hcloud_shared import HcloudResource
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Made, Plain, Problem, is_known
from sandbox.providers.values import has_unknown, normal

_PROTOCOLS: Final = ("tcp", "udp", "icmp", "esp", "gre")
_LIMIT: Final = 50
"""Rules of one firewall."""


class Firewall(HcloudResource):
    """Rules for the public side of the servers that it is applied to."""

    token = "hcloud:index/firewall:Firewall"  # noqa: S105 - a type
    kind = "firewall"
    computed = frozenset({"name", "applyTos"})
    outputs = frozenset()

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.compare = _same

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """Directions, protocols and host bits are checked before the API is asked."""
        yield from super().problems(inputs)
        for place, rule in enumerate(inputs.get("rules") or []):
            path = f"rules[{place}]"
            if not isinstance(rule, dict):
                continue
            if is_known(rule.get("direction")) and rule["direction"] not in ("in", "out"):
                yield f"{path}.direction", f"{rule['direction']} is not a valid direction"
            if is_known(rule.get("protocol")) and rule["protocol"] not in _PROTOCOLS:
                yield f"{path}.protocol", f"{rule['protocol']} is not a valid protocol"
            for key in ("sourceIps", "destinationIps"):
                for source in rule.get(key) or []:
                    if is_known(source) and (wrong := _wrong(str(source))):
                        yield f"{path}.{key}", wrong

    def create(self, inputs: Plain, urn: str) -> Made:
        """The API wants ports and sources where they belong."""
        _check_rules(inputs)
        return self.put_named(inputs, {"applyTos": inputs.get("applyTos") or []}, urn)

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """The same for changed rules."""
        _check_rules(inputs)
        return super().update(identity, state, inputs)

    def delete(self, identity: str, state: Plain) -> None:
        """The plugin takes it off all servers first."""
        for server in self.world.objects("server"):
            kept = [number for number in server.data.get("firewallIds") or [] if str(number) != identity]
            if kept != (server.data.get("firewallIds") or []):
                self.world.put("server", server.id, {**server.data, "firewallIds": kept})
        super().delete(identity, state)


def _check_rules(inputs: Plain) -> None:
    rules = inputs.get("rules") or []
    if len(rules) > _LIMIT:
        raise RefusalError(f"a firewall has at most {_LIMIT} rules, not {len(rules)} (rule_limit_exceeded)")
    for place, rule in enumerate(rules):
        field = f"invalid input in field 'rules.{place}.{{}}' (invalid_input)"
        needed = "source_ips" if rule["direction"] == "in" else "destination_ips"
        if not rule.get("sourceIps" if needed == "source_ips" else "destinationIps"):
            raise RefusalError(field.format(needed) + f": {needed} is required for direction {rule['direction']}")
        if rule["protocol"] in ("tcp", "udp") and not rule.get("port"):
            raise RefusalError(field.format("port") + f": port is required for protocol {rule['protocol']}")
        if rule.get("port") and not _is_port(str(rule["port"])):
            raise RefusalError(field.format("port") + f": {rule['port']} is no port or range of ports")


def _is_port(text: str) -> bool:
    if text == "any":
        return True
    parts = text.split("-")
    numbers = [int(part) for part in parts if part.isdigit()]
    return len(parts) == len(numbers) <= 2 and numbers == sorted(numbers) and numbers[0] > 0 and numbers[-1] < 65536


def _wrong(source: str) -> str:
    try:
        network = ipaddress.ip_network(source, strict=False)
    except ValueError:
        return f"invalid CIDR address: {source}"
    if ipaddress.ip_interface(source).ip != network.network_address:
        return f"{source} is not the start of the cidr block {network}"
    return ""


def _same(key: str, old: Any, new: Any) -> bool:
    """The order of rules and sources, `1.2.3.4` for a /32 and upper case make no difference."""
    if key != "rules" or has_unknown(new):
        return bool(normal(old) == normal(new))
    return _canonical(old) == _canonical(new)


def _canonical(rules: Any) -> list[str]:
    found = []
    for rule in rules or []:
        sources = {
            key: sorted(str(ipaddress.ip_network(str(source))) for source in rule.get(key) or [])
            for key in ("sourceIps", "destinationIps")
        }
        found.append(str(sorted((normal({**rule, **sources}) or {}).items())))
    return sorted(found)
