"""Call the policies as the engine does: through the framework's own service, with messages as they are on the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from guardrails import RULES, UNKNOWN, Resource, Secret
from guardrails.mechanism.engine import policies

GAPS = "every-value-is-judged"
"""The policy that reports the values that no rule could judge."""

LEVELS = {proto.MANDATORY: "mandatory", proto.ADVISORY: "advisory"}


@dataclass(frozen=True)
class Said:
    """One diagnostic as the engine shows it."""

    policy: str
    level: str
    message: str
    urn: str = ""


def on_the_wire(value: Any) -> Any:
    """Plain data as the engine sends it."""
    match value:
        case Secret():
            return {SPECIAL_SIG_KEY: SPECIAL_SECRET_SIG, "value": on_the_wire(value.value)}
        case Mapping():
            return {key: on_the_wire(item) for key, item in value.items()}
        case list():
            return [on_the_wire(item) for item in value]
        case _:
            return UNKNOWN_STRING_VALUE if value is UNKNOWN else value


def request(kind: Any, resource: Resource, **more: Any) -> Any:
    """A message about a resource."""
    options = proto.AnalyzerResourceOptions(protect=resource.protect, ignoreChanges=list(resource.ignore_changes))
    known = {"type": resource.type, "urn": resource.urn, "name": resource.name}
    message = kind(**known, options=options, **more)
    message.properties.update(on_the_wire(resource.properties))
    return message


@dataclass
class Pack:
    """The pack in one run of the engine."""

    service: Any = field(
        default_factory=lambda: _PolicyAnalyzerServicer(
            "honeydue", "0.0.1", policies(RULES), EnforcementLevel.MANDATORY
        )
    )

    def remediate(self, resource: Resource) -> None:
        """Send the remediation, which the engine sends first. It must change nothing."""
        answer = self.service.Remediate(request(proto.AnalyzeRequest, resource), None)
        assert not answer.remediations, "a policy changed the inputs"

    def analyze(self, resource: Resource) -> list[Said]:
        """Return the diagnostics of a registration."""
        return _said(self.service.Analyze(request(proto.AnalyzeRequest, resource), None))

    def register(self, *resources: Resource) -> list[Said]:
        """Return the diagnostics of registrations, each remediated and then analyzed, as the engine does."""
        found = []
        for resource in resources:
            self.remediate(resource)
            found += self.analyze(resource)
        return found

    def finish(self, resources: Iterable[Resource]) -> list[Said]:
        """Return the diagnostics of the whole stack."""
        messages = [
            request(
                proto.AnalyzerResource,
                resource,
                propertyDependencies={
                    key: proto.AnalyzerPropertyDependencies(urns=sorted(urns)) for key, urns in resource.depends.items()
                },
            )
            for resource in resources
        ]
        return _said(self.service.AnalyzeStack(proto.AnalyzeStackRequest(resources=messages), None))

    def run(self, resources: list[Resource], outputs: Mapping[str, Any] | None = None) -> list[Said]:
        """Return the diagnostics of a run. At its end, the resources have their inputs or these outputs."""
        said = self.register(*resources)
        ended = [item if outputs is None else replace(item, properties=outputs) for item in resources]
        return [*said, *self.finish(ended)]


def _said(answer: Any) -> list[Said]:
    return [
        Said(item.policyName, LEVELS[item.enforcementLevel], item.message.partition("\n")[2] or item.message, item.urn)
        for item in answer.diagnostics
    ]
