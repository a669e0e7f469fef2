"""What an operation of the engine did, gathered from its event stream."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from pulumi.automation import EngineEvent, StepEventMetadata

from sandbox.engine.errors import SandboxError

UNCHANGED: Final = frozenset({"same", "read", "refresh"})
"""Operations that leave a resource as it is."""

_TOLD_BEFORE: Final = "an unhandled error occurred: "
"""The engine repeats a program's error behind these words."""
_COLOUR: Final = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation on one resource, in the engine's words: create, update, same, create-replacement and others."""

    operation: str
    urn: str
    type: str
    keys: tuple[str, ...] = ()
    """The inputs that make it a replacement."""
    changed: tuple[str, ...] = ()
    """The paths that differ."""

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A policy that refused, or warned of, a resource."""

    policy: str
    message: str
    urn: str
    mandatory: bool


@dataclass(kw_only=True)
class Outcome:
    """One operation: what it began, what it finished, what failed and what was said, each in order."""

    operation: str
    begun: list[Step] = field(default_factory=list)
    finished: list[Step] = field(default_factory=list)
    failed: list[Step] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    summary: dict[str, int] = field(default_factory=dict)
    """The engine's own count of resources by operation."""
    outputs_changed: bool = False
    stdout: str = ""
    stderr: str = ""
    code: int = 0
    """The engine's exit status; negative if a signal ended it."""

    @property
    def changes(self) -> dict[str, int]:
        """How many resources are created, updated, replaced and deleted; empty if nothing changes."""
        return {operation: count for operation, count in self.summary.items() if count and operation not in UNCHANGED}

    @property
    def nothing_changes(self) -> bool:
        """Whether neither a resource nor an output changes."""
        return not self.changes and not self.outputs_changed

    @property
    def touched(self) -> dict[str, set[str]]:
        """The operations on each resource that changes, by URN; of a refresh, what turned out different."""
        steps: dict[str, set[str]] = {}
        for step in self.finished or self.begun:
            if step.operation not in UNCHANGED:
                steps.setdefault(step.urn, set()).add(step.operation)
        return steps

    @property
    def ending(self) -> str:
        """How the engine's process ended."""
        return f"was killed by signal {-self.code}" if self.code < 0 else f"ended with status {self.code}"

    def order(self, *operations: str) -> list[tuple[str, str]]:
        """(operation, name) of the steps of these operations in the order in which they began."""
        return [(step.operation, step.name) for step in self.begun if step.operation in operations]

    def said(self) -> list[str]:
        """Why it failed: mandatory policies first, then errors, each once; the engine's stderr if there is neither."""
        refused = [f"{found.policy}: {found.message}" for found in self.violations if found.mandatory]
        lines = list(dict.fromkeys([*refused, *self.errors]))
        return lines or [line for line in self.stderr.splitlines() if line.strip()] or [f"the engine {self.ending}"]

    def take(self, event: EngineEvent) -> None:
        """Adds an event."""
        if pre := event.resource_pre_event:
            self.begun.append(_step(pre.metadata))
        elif done := event.res_outputs_event:
            self.finished.append(_step(done.metadata))
            self._notice_outputs(done.metadata)
        elif failure := event.res_op_failed_event:
            self.failed.append(_step(failure.metadata))
        elif diagnostic := event.diagnostic_event:
            text = _told(plain(diagnostic.message), diagnostic.urn)
            if diagnostic.severity == "error":
                self.errors.append(text.removeprefix(_TOLD_BEFORE))
            elif diagnostic.severity == "warning":
                self.warnings.append(text)
        elif policy := event.policy_event:
            self.violations.append(
                Violation(
                    policy=policy.policy_name,
                    message=plain(policy.message),
                    urn=policy.resource_urn or "",
                    mandatory=policy.enforcement_level == "mandatory",
                )
            )
        elif event.summary_event:
            self.summary = dict(Counter({str(op): n for op, n in event.summary_event.resource_changes.items()}))

    def _notice_outputs(self, metadata: StepEventMetadata) -> None:
        if metadata.type == "pulumi:pulumi:Stack" and metadata.old and metadata.new:
            self.outputs_changed = metadata.old.outputs != metadata.new.outputs


class EngineFailed(SandboxError):  # noqa: N818 - what happened; the outcome may well be what was wanted
    """The engine refused or failed; `outcome` says how far it came, the text is the engine's own."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"{outcome.operation} failed:\n" + "\n".join(outcome.said()))
        self.outcome: Final = outcome


def plain(text: str) -> str:
    """A message without the engine's colours."""
    return _COLOUR.sub("", text).strip()


def _told(text: str, urn: str | None) -> str:
    """A message with the resource that it is about; the stack's own speak for themselves."""
    return f"{urn.rpartition('::')[2]}: {text}" if urn and "::pulumi:pulumi:Stack::" not in urn else text


def _step(metadata: StepEventMetadata) -> Step:
    return Step(
        operation=metadata.op.value,
        urn=metadata.urn,
        type=metadata.type,
        keys=tuple(metadata.keys or ()),
        changed=tuple(metadata.detailed_diff or metadata.diffs or ()),
    )
