"""The rules as policies of the engine.

Unknown at preview: a policy reports all that it can judge, and then raises the framework's own UnknownValueError, which
the engine shows as an advisory "can't run policy … during preview: …" with the values that were not judged.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from .catalogue import RULES
from .model import Graph, Resource
from .proxies import registered, standing
from .rules import Found, Level, ResourceRule, Rule, StackRule, run_on_resource, run_on_stack
from .view import NotKnown

_LEVELS: Final = {Level.MANDATORY: EnforcementLevel.MANDATORY, Level.ADVISORY: EnforcementLevel.ADVISORY}

Registrations = dict[str, Resource]
"""The inputs of all resources of this run, by URN, with the marks of what is secret."""


def policies() -> list[Policy]:
    """Every rule as a policy of the engine."""
    registrations: Registrations = {}
    return [policy for rule in RULES for policy in _policies(rule, registrations)]


def _policies(rule: Rule, registrations: Registrations) -> list[Policy]:
    if isinstance(rule, StackRule):
        return [_on_stack(rule, registrations)]
    if rule.secrecy:
        return [_on_secrecy(rule, registrations), _on_gaps(rule, registrations)]
    return [_on_resource(rule)]


def _on_resource(rule: ResourceRule) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if rule.judges(args.resource_type):
            resource = registered(args)
            _report(((resource, outcome) for outcome in run_on_resource(rule, resource)), report)

    return ResourceValidationPolicy(rule.name, rule.description, validate, _LEVELS[rule.level])


def _on_secrecy(rule: ResourceRule, registrations: Registrations) -> Policy:
    """A rule that needs to know what is secret.

    The engine tells both `Analyze` and `Remediate` which values are secret; the framework drops the marks for a
    validation and keeps them for a remediation, which the engine runs first, on the same inputs. So the remediation
    mends nothing: it remembers the marks for the validation that follows. Both run only at the level REMEDIATE, whose
    violations the framework reports as mandatory. The alternatives were to patch the framework, and to turn a leaked
    key into a secret quietly, which would leave it in the program and its history. If the marks are missing or belong
    to other inputs (another level set by configuration, another pack's remediation), everything is refused.
    """

    def remember(args: ResourceValidationArgs) -> None:
        registrations[args.urn] = registered(args)

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        seen = registered(args)
        marked = registrations.setdefault(args.urn, seen)
        if marked is seen or marked.plain != seen.plain:
            report("which inputs are secret is not known; run this policy at its own level, remediate, and last", None)
            return
        for outcome in run_on_resource(rule, marked):
            if isinstance(outcome, str):  # the rest is said once, by `_on_gaps`
                report(outcome, None)

    return ResourceValidationPolicy(
        rule.name, rule.description, validate, EnforcementLevel.REMEDIATE, remediate=remember
    )


def _on_gaps(rule: ResourceRule, registrations: Mapping[str, Resource]) -> Policy:
    """Says once per preview which inputs were not known; one advisory per resource would bury all others."""

    def validate(_args: StackValidationArgs, _report: ReportViolation) -> None:
        places = Counter(
            f"{resource.type.rpartition(':')[2]} {re.sub('[0-9]+', 'n', outcome.path)}"
            for resource in registrations.values()
            for outcome in run_on_resource(rule, resource)
            if isinstance(outcome, NotKnown)
        )
        if places:
            raise _NotJudgedError(f"{place} ({count})" for place, count in places.items())

    description = f"What {rule.name} could not judge before the update."
    return StackValidationPolicy(f"{rule.name}-later", description, validate, EnforcementLevel.ADVISORY)


def _on_stack(rule: StackRule, registrations: Mapping[str, Resource]) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        graph = Graph(
            standing(item, registrations.get(item.urn)) for item in args.resources if item.resource_type in rule.types
        )
        _report(run_on_stack(rule, graph), report)

    return StackValidationPolicy(rule.name, rule.description, validate, _LEVELS[rule.level])


def _report(found: Iterable[Found], report: ReportViolation) -> None:
    """Every violation first, then, as one advisory, all that was not judged."""
    gaps: set[str] = set()
    for resource, outcome in found:
        if isinstance(outcome, NotKnown):
            gaps.add(f"{resource.name} {outcome.path}" if resource else outcome.path)
        else:
            report(outcome, resource.urn if resource else None)
    if gaps:
        raise _NotJudgedError(gaps)


class _NotJudgedError(UnknownValueError):
    """What the framework takes for an unknown value, in our words."""

    def __init__(self, places: Iterable[str]) -> None:
        super().__init__(UNKNOWN_STRING_VALUE, [])
        self.message = "not judged, since not known yet: " + "; ".join(sorted(places))
