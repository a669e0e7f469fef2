"""What the documentation says about production, read from the stack file through the program's own models."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Final

import yaml

from components.addresses import AddressPlan
from components.cloudflare_ranges import snapshot
from components.firewall import Rule, node_rules
from components.hetzner_firewall import hetzner_rules
from components.settings import Settings

ROOT: Final = Path(__file__).resolve().parent.parent
_OPERATOR: Final = IPv4Network("198.18.0.10/32")
"""Takes the operators' place, because the committed file lists none."""
_ORDER: Final = ("Cloudflare", "operators", "nodes", "pods", "services", "anyone else")


@dataclass(frozen=True, kw_only=True)
class Access:
    """The ports of a server that one kind of source reaches.

    Attributes:
        who: The kind of source: Cloudflare, operators, nodes, pods or services.
        sources: The addresses, as a reader should see them.
        ports: Sorted, such as `443/tcp`; `every port` where no rule names one.
        hetzner: Whether Hetzner's firewall has a rule for it; otherwise the traffic does not pass that firewall.
    """

    who: str
    sources: str
    ports: tuple[str, ...]
    hetzner: bool


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Production: its settings, its addresses, and who reaches which port."""

    settings: Settings
    plan: AddressPlan
    rules: tuple[Rule, ...]

    @property
    def access(self) -> list[Access]:
        """Who reaches which port of a server, from the rules of both firewalls."""
        ranges = snapshot()
        sources = {
            "Cloudflare": f"{len(ranges.ipv4)} IPv4 and {len(ranges.ipv6)} IPv6 ranges of Cloudflare",
            "operators": "the addresses under honeydue:operators",
            "nodes": f"servers, {self.plan.subnet}",
            "pods": f"pods, {self.plan.pod_cidr}",
            "services": f"services, {self.plan.service_cidr}",
        }
        public = {(rule["port"], rule["protocol"]) for rule in hetzner_rules(self.rules)}
        found: dict[str, set[tuple[str, str]]] = {}
        for rule in self.rules:
            found.setdefault(self._who(rule.source), set()).add((rule.port.replace(":", "-"), rule.proto))
        return [
            Access(
                who=who,
                sources=sources[who],
                ports=tuple(_port(*pair) for pair in sorted(found[who], key=_number)),
                hetzner=who in ("Cloudflare", "operators") and found[who] <= public,
            )
            for who in _ORDER
            if who in found
        ]

    def ports_of(self, who: str) -> tuple[str, ...]:
        """Return the ports that one kind of source reaches."""
        return next(item.ports for item in self.access if item.who == who)

    def _who(self, source: IPv4Network | IPv6Network) -> str:
        named: dict[Any, str] = {
            _OPERATOR: "operators",
            self.plan.subnet: "nodes",
            self.plan.pod_cidr: "pods",
            self.plan.service_cidr: "services",
        }
        return named.get(source) or ("Cloudflare" if source in snapshot().all else "anyone else")


def production() -> Facts:
    """Return the facts of Pulumi.prod.yaml.

    Raises:
        pydantic.ValidationError: If the file is not valid.
    """
    config = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
    values = {key.removeprefix("honeydue:"): value for key, value in config.items() if key.startswith("honeydue:")}
    settings = Settings.model_validate({**values, "operators": [str(_OPERATOR)]})
    plan = AddressPlan(network=settings.network_range, subnet=settings.subnet_range)
    rules = node_rules(snapshot(), settings.operators, plan.subnet, plan.pod_cidr, plan.service_cidr)
    return Facts(settings=settings, plan=plan, rules=rules)


def _port(port: str, proto: str) -> str:
    return f"{port}/{proto}" if port else "every port"


def _number(pair: Iterable[str]) -> tuple[int, str]:
    port, proto = pair
    return int(port.partition("-")[0] or 0), proto
