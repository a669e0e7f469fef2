"""The rules for the stack, by subject, and how to apply them to resources without an engine.

A subject is a module or a folder: servers, firewalls, dns, certificates, traefik, routes, pods, secrets, releases. Its
tables list what is known. `mechanism/` is what they share.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from . import certificates, dns, secrets, traefik
from .firewalls import one_list, openings
from .mechanism.model import UNKNOWN, Graph, Resource, Secret
from .mechanism.rules import Level, ResourceRule, Rule, StackRule, Unjudged, Violation, run
from .mechanism.shapes import table_in, unknown
from .mechanism.view import Outcome
from .pods import workloads
from .releases import commands
from .routes import middlewares, objects, references
from .servers import fleet

__all__ = [
    "RULES",
    "UNKNOWN",
    "Graph",
    "Level",
    "Resource",
    "ResourceRule",
    "Rule",
    "Secret",
    "StackRule",
    "Unjudged",
    "Violation",
    "judge",
    "unjudged",
]

OWN: Final = ("pulumi:pulumi:Stack", "pulumi:index:Stash", "pulumi:providers:pulumi")
"""The engine's own types. Only the rule for secrets has something to say about them."""

_TABLES: Final = {
    "hcloud": table_in(fleet.__name__)("CLOUD"),
    "cloudflare": table_in(certificates.__name__)("INPUTS"),
    "tls": table_in(certificates.__name__)("INPUTS"),
    "random": table_in(certificates.__name__)("INPUTS"),
    "kubernetes": table_in("guardrails.pods.objects")("KINDS"),
    "command": table_in(commands.__name__)("TYPES"),
}
"""The table for new types of each package."""

_SUBJECTS: Final[tuple[Rule, ...]] = (
    *traefik.RULES,
    *workloads.RULES,
    *openings.RULES,
    *fleet.RULES,
    *commands.RULES,
    *certificates.RULES,
    *dns.RULES,
    *objects.RULES,
    *middlewares.RULES,
    *references.RULES,
    *one_list.RULES,
    *secrets.RULES,
)
KNOWN: Final = frozenset(OWN).union(*(rule.judges for rule in _SUBJECTS if isinstance(rule, ResourceRule)))
"""Every type that the stack may have. Components of this program, `honeydue:index:NAME`, are known too."""


def _type(resource: Resource) -> Iterator[Outcome]:
    if resource.type not in KNOWN and not resource.type.startswith("honeydue:index:"):
        table = _TABLES.get(resource.type.partition(":")[0], "OWN in policy/guardrails/__init__.py")
        yield unknown(f"type {resource.type}", table)


RULES: Final[tuple[Rule, ...]] = (
    ResourceRule(
        name="every-type-is-known", description="Every resource is of a type that a rule judges.", every=_type
    ),
    *_SUBJECTS,
)
"""All rules, in the order in which the engine applies them."""


def judge(registered: Iterable[Resource], standing: Iterable[Resource] | None = None) -> list[Violation]:
    """Return every violation of every rule, advisory ones included. See `run` for the arguments."""
    return [found for found in run(RULES, registered, standing) if isinstance(found, Violation)]


def unjudged(registered: Iterable[Resource], standing: Iterable[Resource] | None = None) -> list[Unjudged]:
    """Return every value that a rule needed and that was unknown."""
    return [found for found in run(RULES, registered, standing) if isinstance(found, Unjudged)]
