"""Read the saved output of `pulumi preview --json`, as the engine 3.259 writes it.

The engine omits most unchanged resources from `steps` and counts them in `changeSummary`. It writes one `replace` per
replaced resource. It omits all messages of policies; a violation shows only as the error `preview failed`. A file that
`python -m ops preview --save` wrote has them under `policies` (ops/engine.py).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ops.preview.redaction import redact, redact_text

KUBERNETES_SECRET: Final = "kubernetes:core/v1:Secret"  # noqa: S105 - a type
_PARTS: Final = ("steps", "diagnostics", "changeSummary")
_FRAMEWORK: Final = re.compile(r"^can't run policy '[^']*' from policy pack '[^']*' during preview: ")
_REPEATED: Final = re.compile(r"^((error|warning): )?(an unhandled error occurred: )?")


class NotAPreviewError(ValueError):
    """The text is not the output of `pulumi preview --json`."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation on one resource.

    Attributes:
        operation: The engine's name: `create`, `update`, `replace`, `delete`, `same` and others.
        key: Identifies the resource; it may contain a secret, so it must not be printed.
        types: The types of the resource's parents and its own type, outermost first.
        name: The resource's name in the program.
        before: The inputs in the state, None if there are none.
        after: The inputs that the program wants, None if there are none.
        unprotected: Whether the update ends the resource's deletion protection.
    """

    operation: str
    key: str
    types: tuple[str, ...]
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    unprotected: bool = False


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """A message of the preview: its severity (`error`, `warning`, `info`), text, and resource (or empty)."""

    severity: str
    message: str
    resource: str = ""


@dataclass(frozen=True, kw_only=True)
class PolicyMessage:
    """A message of a policy: its name, whether it refuses the preview, its text, and the resource."""

    policy: str
    mandatory: bool
    message: str
    resource: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A preview without its secrets.

    Attributes:
        unchanged: The number of resources that stay as they are.
        stack: The stack's name, empty if the file does not contain it.
        config: The stack's config; a structured value is JSON in a string.
        policies: The messages of policies, None if the file omits them.
    """

    stack: str = ""
    steps: tuple[Step, ...] = ()
    unchanged: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()
    config: Mapping[str, Any]
    policies: tuple[PolicyMessage, ...] | None = None

    @property
    def failed(self) -> bool:
        """Whether the preview ended with an error or a policy refused it."""
        errors = any(each.severity == "error" for each in self.diagnostics)
        return errors or any(each.mandatory for each in self.policies or ())


def parse(text: str) -> Preview:
    """Return the preview in a text.

    Raises:
        NotAPreviewError: If the text is not the output of `pulumi preview --json`.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAPreviewError(f"it is not JSON: {redact_text(str(error))}") from error
    if not isinstance(content, dict) or not any(part in content for part in _PARTS):
        raise NotAPreviewError(f"it has none of {', '.join(_PARTS)}")
    try:
        steps = tuple(_step(step) for step in content.get("steps") or [])
        same = sum(step.operation == "same" for step in steps)
        return Preview(
            stack=redact_text(str(content.get("stack") or _stack(content))),
            steps=steps,
            unchanged=max(same, int((content.get("changeSummary") or {}).get("same", 0))),
            diagnostics=_diagnostics(content.get("diagnostics") or []),
            config=_mapping(redact(content.get("config") or {}), "config"),
            policies=_policies(content["policies"]) if "policies" in content else None,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotAPreviewError(f"a part of it has another form: {redact_text(repr(error))}") from error
    except RecursionError as error:
        raise NotAPreviewError("it is nested too deeply") from error


def _stack(content: Mapping[str, Any]) -> str:
    """Return the stack of the first URN, `urn:pulumi:STACK::PROJECT::...`."""
    found = [re.match(r"urn:pulumi:(.+?)::", str(step["urn"])) for step in (content.get("steps") or [])[:1]]
    return found[0][1] if found and found[0] else ""


def _step(step: Mapping[str, Any]) -> Step:
    urn = str(step["urn"])
    parts = urn.split("::", 3)
    types = tuple(parts[2].split("$")) if len(parts) == 4 else ("",)
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    secret = types[-1] == KUBERNETES_SECRET
    return Step(
        operation=redact_text(str(step["op"])),
        key=urn,
        types=types,
        name=redact_text(parts[-1]),
        before=_inputs(old, secret=secret),
        after=_inputs(new, secret=secret),
        unprotected=bool(old.get("protect")) and bool(new) and not new.get("protect"),
    )


def _inputs(state: Mapping[str, Any], *, secret: bool) -> Mapping[str, Any] | None:
    if not state:
        return None
    return _mapping(redact(state.get("inputs") or {}, kubernetes_secret=secret), "inputs")


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} is not an object")
    return value


def _diagnostics(entries: list[Mapping[str, Any]]) -> tuple[Diagnostic, ...]:
    """Return each message once; the engine repeats a program's error behind other words."""
    found = [
        Diagnostic(
            severity=str(entry.get("severity", "info")),
            message=_REPEATED.sub("", redact_text(str(entry.get("message", "")))).strip(),
            resource=redact_text(str(entry.get("urn") or "").split("::", 3)[-1]),
        )
        for entry in entries
    ]
    return tuple(dict.fromkeys(found))


def _policies(entries: list[Mapping[str, Any]]) -> tuple[PolicyMessage, ...]:
    found = [
        PolicyMessage(
            policy=redact_text(str(entry["policyName"])),
            mandatory=entry.get("enforcementLevel") == "mandatory",
            message=_FRAMEWORK.sub("", redact_text(str(entry.get("message", "")))).strip(),
            resource=redact_text(str(entry.get("resourceUrn") or "").split("::", 3)[-1]),
        )
        for entry in entries
    ]
    return tuple(dict.fromkeys(sorted(found, key=lambda each: not each.mandatory)))
