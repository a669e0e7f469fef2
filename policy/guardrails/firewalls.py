"""Rules for both firewalls, Hetzner's and each host's UFW: each source may reach only the ports meant for it.

Both are read into the same `Opening`, so that the same checks apply to both.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from .model import Resource
from .ranges import (
    BROADEST_OPERATOR,
    INSIDE_THE_CLUSTER,
    PRIVATE,
    Network,
    network_at,
    too_broad_for_operators,
    why_not_cloudflare,
    within,
)
from .rules import ResourceRule
from .view import MalformedError, Outcome, View, attempt, demand, each

FIREWALL: Final = "hcloud:index/firewall:Firewall"
COMMAND: Final = "command:remote:Command"
UFW_APPLY: Final = re.compile(r"sudo python3 /usr/local/lib/honeydue/ufw-[0-9a-f]{16}\.py apply")
"""The command that applies the policy on its stdin to a host's UFW."""
EVERY_PORT: Final = (1, 65535)
WEB: Final = (80, 443)
OPERATORS: Final = (22, 6443)
_CLUSTER: Final = ((22, 22), (6443, 6443), (2379, 2380), (10250, 10250), (8472, 8472), (51820, 51820))
"""The port ranges that nodes, and operators on a private network, may reach."""
_BY_HAND: Final = re.compile(
    r"(?:^|[\s;&|(])(?:sudo\s+)?(?:ufw\s+(?:--force\s+)?(?:allow|limit|default|disable|reset|delete|insert|prepend|route)"
    r"|ip6?tables(?:-restore)?\s|nft\s)"
)


@dataclass(frozen=True)
class Opening:
    """A source that may reach a range of ports (first to last), and the path of the rule."""

    source: Network
    first: int
    last: int
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
        NotKnown: If a value is not known.
        MalformedError: If Hetzner's API would not accept a value.
    """
    first, last = EVERY_PORT if rule.at("protocol").text() == "icmp" else _ports(rule.at("port"), "-")
    for source in rule.at("sourceIps").items():
        yield Opening(network_at(source), first, last, source.path)


def host_openings(rule: View) -> Iterator[Opening]:
    """Return the openings of one rule of a UFW policy.

    Raises:
        MalformedError: If the host program would not accept the rule.
    """
    stray = set(rule.entries()) - {"from", "port", "proto", "comment"}
    if stray:
        raise MalformedError(
            f"{rule.path} has {', '.join(sorted(stray))}; a rule has only from, port, proto and comment"
        )
    first, last = _ports(rule.at("port"), ":")
    yield Opening(network_at(rule.at("from")), first, last, rule.path)


def is_ufw_apply(resource: Resource) -> bool:
    """Whether a remote command applies a policy to a host's UFW.

    Raises:
        NotKnown: If the command is not known.
    """
    return bool(UFW_APPLY.fullmatch(View(resource.plain).at("create").value or ""))


@lru_cache(maxsize=8)
def _loaded(text: str) -> Any:
    return json.loads(text)


def ufw_policy(resource: Resource) -> View:
    """Return the policy on a command's stdin.

    Raises:
        NotKnown: If stdin is not known.
        MalformedError: If stdin is not JSON.
    """
    stdin = View(resource.plain).at("stdin")
    try:
        return View(_loaded(stdin.text())).at("ufw")
    except ValueError as error:
        raise MalformedError(f"{stdin.path} is not JSON ({error})") from error


def _cloud(resource: Resource) -> Iterator[Outcome]:
    rules = View(resource.plain).at("rules")
    if not rules.items():
        yield "it has no rules, so it lets nothing in; add the rules of the stack"
    yield from each(rules.items(), _cloud_rule)


def _cloud_rule(rule: View) -> Iterator[Outcome]:
    if rule.at("direction").text() != "in":
        yield f"{rule.path} is for outgoing traffic; remove it, because one such rule blocks all other outgoing traffic"
        return
    if not rule.at("sourceIps").items():
        yield f"{rule.path}.sourceIps is empty; list the sources that the rule allows"
    icmp = rule.at("protocol").value == "icmp"
    for opening in cloud_openings(rule):
        yield from _narrow(opening) if icmp else _judge(opening)


def _host(resource: Resource) -> Iterator[Outcome]:
    if not is_ufw_apply(resource):
        body = View(resource.plain)
        yield from each((body.at(key) for key in ("create", "update", "delete")), _by_hand)
        return
    policy = ufw_policy(resource)
    yield from attempt(demand(policy.at("incoming"), "deny", "UFW must drop incoming traffic that no rule allows"))
    yield from attempt(demand(policy.at("routed"), "deny", "UFW must not forward traffic that no rule allows"))
    if policy.at("outgoing").value not in ("allow", "deny"):
        yield f"{policy.path}.outgoing is {policy.at('outgoing').value!r}; allowed: 'allow' or 'deny'"
    if not policy.at("rules").items():
        yield f"{policy.path}.rules is empty, so nobody could reach the host; add the rules of the stack"
    yield from each(policy.at("rules").items(), lambda rule: _each(host_openings(rule)))


def _by_hand(script: View) -> Iterator[Outcome]:
    """Refuse commands that change a firewall directly."""
    if _BY_HAND.search(script.value or ""):
        yield f"{script.path} changes the firewall by hand; put the rules into the policy that `ufw apply` reads"


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
    if opening.first == opening.last and opening.first in WEB:
        why = why_not_cloudflare(source)
        if why:
            yield f"{opening.path}: {source} may reach port {ports}, but {why}; only Cloudflare may reach 80 and 443"
        return
    yield from _narrow(opening)
    for port in WEB:
        if opening.reaches(port):
            yield f"{opening.path}: {source} may reach {ports}, including {port}; give 80 and 443 rules of their own"
    if not (opening.first == opening.last and opening.first in OPERATORS):
        yield f"{opening.path}: {source} may reach {ports}; from public space, operators may reach 22 and 6443 only"


def _narrow(opening: Opening) -> Iterator[Outcome]:
    source = opening.source
    if too_broad_for_operators(source):
        least = BROADEST_OPERATOR[source.version]
        yield (f"{opening.path}: {source} is too broad; list the operators' addresses, /{least} or narrower")


FIREWALL_RULES: Final = (
    ResourceRule(
        name="cloud-firewall-is-narrow",
        description="Hetzner's firewall opens 80 and 443 to Cloudflare only, 22 and 6443 to operators, nothing else.",
        types=(FIREWALL,),
        check=_cloud,
    ),
    ResourceRule(
        name="host-firewall-is-narrow",
        description="UFW denies by default and opens 80 and 443 to Cloudflare only, 22 and 6443 to operators.",
        types=(COMMAND,),
        check=_host,
    ),
)
