"""All rules, in the order in which the engine applies them, and the types that the stack may have."""

from collections.abc import Iterator
from typing import Final

from . import (
    certificates,
    commands,
    dns,
    firewalls,
    kubernetes,
    middlewares,
    pods,
    ranges,
    references,
    routes,
    secrets,
    servers,
    traefik,
)
from .model import Resource
from .rules import Judge, ResourceRule, Rule
from .view import Outcome

_ROOMS: Final = {
    "hcloud": "TYPES in policy/guardrails/servers.py",
    "cloudflare": "TYPES in policy/guardrails/certificates.py",
    "tls": "TYPES in policy/guardrails/certificates.py",
    "random": "TYPES in policy/guardrails/certificates.py",
    "kubernetes": "KINDS in policy/guardrails/kubernetes.py",
    "command": "TYPES in policy/guardrails/commands.py",
}
"""The table with the types of each package; `OTHERS` has those of all other packages."""


def _nothing(_: Resource) -> Iterator[Outcome]:
    return iter(())


OTHERS: Final[dict[str, Judge]] = {
    "pulumi:pulumi:Stack": _nothing,
    "pulumi:index:Stash": _nothing,
    **dict.fromkeys(
        (
            f"pulumi:providers:{name}"
            for name in ("hcloud", "cloudflare", "kubernetes", "command", "tls", "random", "pulumi")
        ),
        _nothing,
    ),
    **dict.fromkeys(dns.RECORDS, _nothing),  # judged as part of the stack
}
"""The types about which only the rule for secrets, or a rule for the stack, has something to say."""

_PARTS: Final[tuple[Rule, ...]] = (
    *traefik.RULES,
    *pods.RULES,
    *firewalls.RULES,
    *servers.RULES,
    *commands.RULES,
    *certificates.RULES,
    *kubernetes.RULES,
    *dns.RULES,
    *routes.RULES,
    *middlewares.RULES,
    *references.RULES,
    *ranges.RULES,
    *secrets.RULES,
)
KNOWN: Final = frozenset(OTHERS).union(*(rule.judges for rule in _PARTS if isinstance(rule, ResourceRule)))
"""Every type that the stack may have. Components of this program, `honeydue:index:NAME`, are known too."""


def _type(resource: Resource) -> Iterator[Outcome]:
    if resource.type in KNOWN or resource.type.startswith("honeydue:index:"):
        return
    table = _ROOMS.get(resource.type.partition(":")[0], "OTHERS in policy/guardrails/catalogue.py")
    yield f"type {resource.type} is not known here; add it to {table} if it is wanted"


RULES: Final[tuple[Rule, ...]] = (
    ResourceRule(
        name="every-type-is-known",
        description="Every resource is of a type that a rule judges.",
        every=_type,
    ),
    *_PARTS,
)
