"""Rules for both firewalls, Hetzner's and each host's UFW: each source may reach only the ports meant for it.

Both are read into the same `Opening`, so that the same checks apply to both.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from guardrails.mechanism.addresses import INSIDE_THE_CLUSTER, PRIVATE, Network, network_at, within
from guardrails.mechanism.documents import json_in
from guardrails.mechanism.model import Resource
from guardrails.mechanism.rules import ResourceRule
from guardrails.mechanism.shapes import Entry, fixed, known, listed, number, one_of, shape, table_in
from guardrails.mechanism.view import MalformedError, NotKnown, Outcome, View, attempt, each
from guardrails.releases.commands import COMMAND, calls

from .sources import judge_operator, judge_operators, why_not_cloudflare

_in = table_in(__name__)

FIREWALL: Final = "hcloud:index/firewall:Firewall"
EVERY_PORT: Final = (1, 65535)
WEB: Final = (80, 443)
OPERATORS: Final = (22, 6443)
_CLUSTER: Final = ((22, 22), (6443, 6443), (2379, 2380), (10250, 10250), (8472, 8472), (51820, 51820))
"""The port ranges that nodes, and operators on a private network, may reach."""


CLOUD: Final[dict[str, Entry]] = {
    "name": known,
    "labels": known,
    "rules": listed(
        {
            "direction": one_of("in", why="one rule for outgoing traffic blocks all other outgoing traffic"),
            "protocol": one_of("tcp", "udp", "icmp"),
            "port": known,
            "sourceIps": listed(known, empty=False),
            "destinationIps": one_of(None, []),
            "description": known,
        }
    ),
}
"""Hetzner's firewall. The sources and ports of its rules are judged as `Opening`."""

STDIN: Final[dict[str, Entry]] = {
    "attempt": number(1, 10**6),
    "ufw": {
        "incoming": fixed("deny", "UFW must drop incoming traffic that no rule allows"),
        "routed": fixed("deny", "UFW must not forward traffic that no rule allows"),
        "outgoing": one_of("allow", "deny"),
        "rollbackSeconds": number(30, 600),
        "rules": listed(
            {"from": known, "port": known, "proto": one_of("tcp", "udp", ""), "comment": known}, empty=False
        ),
    },
}
"""The stdin of the command that applies a policy to UFW."""


@dataclass(frozen=True)
class Opening:
    """A source that may reach a range of ports (first to last) by a protocol, and the path of the rule."""

    source: Network
    first: int
    last: int
    protocol: str
    path: str

    def reaches(self, port: int) -> bool:
        """Whether the range includes a port."""
        return self.first <= port <= self.last


def _ports(view: View, separator: str) -> tuple[int, int]:
    """Return the first and the last port; empty or `any` means every port."""
    text = str(view.value if view.value is not None else "")
    if text in ("", "any"):
        return EVERY_PORT
    numbers = text.split(separator)
    if not (0 < len(numbers) < 3 and all(re.fullmatch(r"[0-9]{1,5}", number) for number in numbers)):
        raise MalformedError(f"{view.path} is {text!r}, which is neither a port nor a range of ports")
    return int(numbers[0]), int(numbers[-1])


def cloud_openings(rule: View) -> Iterator[Opening]:
    """Return the openings of one rule of Hetzner's firewall, which refuses everything else.

    Raises:
        NotKnown: If a value is unknown.
        MalformedError: If Hetzner's API would not accept a value.
    """
    protocol = rule.at("protocol").text()
    first, last = EVERY_PORT if protocol == "icmp" else _ports(rule.at("port"), "-")
    for source in rule.at("sourceIps").items():
        yield Opening(network_at(source), first, last, protocol, source.path)


def host_openings(rule: View) -> Iterator[Opening]:
    """Return the openings of one rule of a UFW policy.

    Raises:
        NotKnown: If a value is unknown.
        MalformedError: If the host program would not accept the rule.
    """
    first, last = _ports(rule.at("port"), ":")
    yield Opening(network_at(rule.at("from")), first, last, rule.at("proto").text(), rule.path)


def is_ufw_apply(resource: Resource) -> bool:
    """Whether a remote command applies a policy to a host's UFW.

    Raises:
        NotKnown: If the command is unknown.
    """
    return calls(resource, "ufw apply")


def ufw_policy(resource: Resource) -> View:
    """Return the policy on a command's stdin.

    Raises:
        NotKnown: If stdin is unknown.
        MalformedError: If stdin is not JSON.
    """
    return json_in(View(resource.plain).at("stdin")).at("ufw")


def _cloud(resource: Resource) -> Iterator[Outcome]:
    body = View(resource.plain)
    yield from attempt(shape(_in("CLOUD"), CLOUD)(body))
    rules = body.at("rules").items()
    if not rules:
        yield "it has no rules, so it lets nothing in; add the rules of the stack"
    yield from each(rules, _cloud_rule)
    yield from judge_operators(_operators([opening for rule in rules for opening in _known(cloud_openings(rule))]))


def _known(openings: Iterator[Opening]) -> Iterator[Opening]:
    """Return the openings up to one that is unknown or malformed, which is reported elsewhere."""
    try:
        yield from openings
    except (NotKnown, MalformedError):
        return


def _operators(openings: Sequence[Opening]) -> list[Network]:
    """Return the public sources that may reach the ports of operators."""
    found = (one for one in openings if any(one.reaches(port) for port in OPERATORS))
    return [opening.source for opening in found if not within(opening.source, PRIVATE)]


def _cloud_rule(rule: View) -> Iterator[Outcome]:
    icmp = rule.at("protocol").value == "icmp"
    for opening in cloud_openings(rule):
        yield from judge_operator(opening.source, opening.path) if icmp else _judge(opening)


def _host(resource: Resource) -> Iterator[Outcome]:
    if not is_ufw_apply(resource):
        return
    stdin = json_in(View(resource.plain).at("stdin"))
    yield from attempt(shape(_in("STDIN"), STDIN)(stdin))
    rules = stdin.at("ufw", "rules").items()
    yield from each(rules, lambda rule: _each(host_openings(rule)))
    yield from judge_operators(_operators([opening for rule in rules for opening in _known(host_openings(rule))]))


def _each(openings: Iterator[Opening]) -> Iterator[Outcome]:
    for opening in openings:
        yield from _judge(opening)


def _judge(opening: Opening) -> Iterator[Outcome]:
    """Check one source and its ports."""
    source = opening.source
    ports = f"{opening.first}" if opening.first == opening.last else f"{opening.first} to {opening.last}"
    if within(source, INSIDE_THE_CLUSTER):
        return
    if within(source, PRIVATE):
        if not any(first <= opening.first and opening.last <= last for first, last in _CLUSTER):
            yield (
                f"{opening.path}: {source} may reach port {ports}; from private space only SSH and the cluster's own "
                "ports (6443, 2379-2380, 10250, 8472, 51820) may be open, and 80 and 443 only to Cloudflare"
            )
        return
    if opening.protocol != "tcp":
        yield f"{opening.path}: {source} may use {opening.protocol or 'every protocol'}; from public space only tcp may"
    if opening.first == opening.last and opening.first in WEB:
        why = why_not_cloudflare(source)
        if why:
            yield f"{opening.path}: {source} may reach port {ports}, but {why}; only Cloudflare may reach 80 and 443"
        return
    yield from judge_operator(source, opening.path)
    for port in WEB:
        if opening.reaches(port):
            yield f"{opening.path}: {source} may reach {ports}, including {port}; give 80 and 443 rules of their own"
    if not (opening.first == opening.last and opening.first in OPERATORS):
        yield f"{opening.path}: {source} may reach {ports}; from public space, operators may reach 22 and 6443 only"


RULES: Final = (
    ResourceRule(
        name="cloud-firewall-is-narrow",
        description="Hetzner's firewall opens 80 and 443 to Cloudflare only, 22 and 6443 to operators, nothing else.",
        judges={FIREWALL: _cloud},
    ),
    ResourceRule(
        name="host-firewall-is-narrow",
        description="UFW denies by default and opens 80 and 443 to Cloudflare only, 22 and 6443 to operators.",
        judges={COMMAND: _host},
    ),
)
