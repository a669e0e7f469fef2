"""The rules as policies of the engine.

A preview does not know every value. A rule reports all violations that it can find and records the unknown values in
`Gaps`. The last policy reports the gaps of all rules in one advisory. The engine runs all policies again during the
update. It knows the values then.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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

from .model import Graph, Resource
from .proxies import registered, standing
from .rules import Found, Level, ResourceRule, Rule, StackRule, run_on_resource, run_on_stack
from .view import NotKnown

_LEVELS: Final = {Level.MANDATORY: EnforcementLevel.MANDATORY, Level.ADVISORY: EnforcementLevel.ADVISORY}

Registrations = dict[str, Resource]
"""The inputs of all resources of this run, by URN. Secret values are marked."""


Place = tuple[str, str]
"""The URN of a resource, empty for the stack as a whole, and the path of a value."""


@dataclass
class Gaps:
    """The unknown places of each judgement. A judgement is a rule and the URN it judged, empty for the whole stack."""

    _unknown: dict[tuple[str, str], frozenset[Place]] = field(default_factory=dict)

    def record(self, rule: str, urn: str, unknown: Iterable[Place]) -> None:
        """Store the unknown places of a judgement. They replace those that the same judgement recorded before."""
        self._unknown[rule, urn] = frozenset(unknown)

    def summary(self) -> str:
        """Return one line with the number of unknown values, in total and for each rule; empty if every value is known.

        Several rules can need the same value, so the numbers of the rules can add up to more than the total.
        """
        by_rule: defaultdict[str, set[Place]] = defaultdict(set)
        for (rule, _), unknown in self._unknown.items():
            if unknown:
                by_rule[rule] |= unknown
        if not by_rule:
            return ""
        total = len(set[Place]().union(*by_rule.values()))
        values = "1 value is" if total == 1 else f"{total} values are"
        rules = "; ".join(f"{rule}: {len(unknown)}" for rule, unknown in sorted(by_rule.items()))
        return f"{values} unknown until the update and not judged yet ({rules}); `pulumi up` judges every value"


def policies(rules: Iterable[Rule]) -> list[Policy]:
    """Return every rule as a policy of the engine, and at the end the policy that reports the gaps of all rules.

    The engine runs the policies for a resource when it is registered, and those for the stack after the last
    registration. The framework runs the policies for the stack in the order of this list. It parses the whole stack for
    each of them, so there are few.
    """
    registrations: Registrations = {}
    gaps = Gaps()
    return [*(_policy(rule, registrations, gaps) for rule in rules), _on_gaps(gaps)]


def _policy(rule: Rule, registrations: Registrations, gaps: Gaps) -> Policy:
    if isinstance(rule, StackRule):
        return _on_stack(rule, registrations, gaps)
    if rule.secrecy:
        return _on_secrecy(rule, registrations, gaps)
    return _on_resource(rule, gaps)


def _on_resource(rule: ResourceRule, gaps: Gaps) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if rule.judge_of(args.resource_type):
            _judge(rule, registered(args), report, gaps)

    return ResourceValidationPolicy(rule.name, rule.description, validate, _LEVELS[rule.level])


def _on_secrecy(rule: ResourceRule, registrations: Registrations, gaps: Gaps) -> Policy:
    """Return the policy of a rule that must know which values are secret.

    The engine marks the secret values in both `Analyze` and `Remediate`. The framework drops the marks for a validation
    and keeps them for a remediation. The engine runs the remediation first, on the same inputs. So the remediation
    changes nothing: it only stores the marked inputs for the validation that follows. Both run only at the level
    REMEDIATE, and the framework reports violations of that level as mandatory.

    There were two alternatives. One was to patch the framework. The other was to turn a leaked key into a secret
    silently, which would leave the key in the program and in its history.

    The policy refuses everything if the marks are missing or belong to other inputs. That happens if the configuration
    sets another level, or if another pack's remediation runs later.
    """

    def remember(args: ResourceValidationArgs) -> None:
        registrations[args.urn] = registered(args)

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        seen = registered(args)
        marked = registrations.setdefault(args.urn, seen)
        if marked is seen or marked.plain != seen.plain:
            report(
                "it cannot be seen which inputs are secret; keep this policy at level remediate and run this pack last",
                None,
            )
            return
        _judge(rule, marked, report, gaps)

    return ResourceValidationPolicy(
        rule.name, rule.description, validate, EnforcementLevel.REMEDIATE, remediate=remember
    )


def _on_stack(rule: StackRule, registrations: Mapping[str, Resource], gaps: Gaps) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        graph = Graph(
            standing(item, registrations.get(item.urn)) for item in args.resources if item.resource_type in rule.types
        )
        gaps.record(rule.name, "", _report(run_on_stack(rule, graph), report))

    return StackValidationPolicy(rule.name, rule.description, validate, _LEVELS[rule.level])


def _on_gaps(gaps: Gaps) -> Policy:
    """Report all gaps in one advisory.

    The policy raises the framework's own error for unknown values. The engine shows that error on one line. The error
    stays an advisory if the configuration makes every policy mandatory, where a violation would stop every first
    preview.
    """

    def validate(_args: StackValidationArgs, _report: ReportViolation) -> None:
        if summary := gaps.summary():
            raise _NotJudgedError(summary)

    description = "Every value that a rule needs is known. A preview leaves the unknown values to the update."
    return StackValidationPolicy("every-value-is-judged", description, validate, EnforcementLevel.ADVISORY)


def _judge(rule: ResourceRule, resource: Resource, report: ReportViolation, gaps: Gaps) -> None:
    found = ((resource, outcome) for outcome in run_on_resource(rule, resource))
    gaps.record(rule.name, resource.urn, _report(found, report))


def _report(found: Iterable[Found], report: ReportViolation) -> set[Place]:
    """Report each violation, and return the unknown values."""
    unknown: set[Place] = set()
    for resource, outcome in found:
        urn = resource.urn if resource else None
        if isinstance(outcome, NotKnown):
            unknown.add((urn or "", outcome.path))
        else:
            report(outcome, urn)
    return unknown


class _NotJudgedError(UnknownValueError):
    """The framework's error for unknown values, with our message."""

    def __init__(self, message: str) -> None:
        super().__init__(UNKNOWN_STRING_VALUE, [])
        self.message = message
