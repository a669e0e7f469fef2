"""The clouds against the state: the engine's refresh without a change, in the words of the preview's summary."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from ops.drift.findings import Finding, Subject
from ops.engine import EngineError, Pulumi
from ops.preview.changes import Kind, changes
from ops.preview.reading import Diagnostic, NotAPreviewError, Preview, parse
from ops.preview.redaction import redact_text
from ops.preview.summary import Item, summarise

KUBERNETES: Final = ("**$kubernetes:**",)
"""The URNs of the objects in the cluster, whose API only an operator's address reaches."""
_UNCHANGED: Final = "refresh"
"""The operation of a resource that is as the state has it; `pulumi refresh --json` lists all of them."""
_FAILED: Final = "preview failed"
_PLACES: Final = {"hcloud": "Hetzner", "cloudflare": "Cloudflare", "kubernetes": "the cluster"}
_REMEDIES: Final = {
    Kind.DELETE: "`pulumi refresh` takes it out of the state, and `make up` creates it again",
    Kind.UPDATE: "`pulumi refresh`, then `make up` restores it; or change the stack file to match",
}


def compare(pulumi: Pulumi, *, with_cluster: bool) -> tuple[list[Finding], list[str]]:
    """Return the differences, and warnings of the engine.

    Args:
        pulumi: The stack.
        with_cluster: Whether to read the objects in the cluster, too. If that fails, the rest is compared without them.
    """
    try:
        found = _refreshed(pulumi, () if with_cluster else KUBERNETES)
        failed = _errors(found)
        if failed and with_cluster:
            rest = _refreshed(pulumi, KUBERNETES)
            if not rest.failed:
                reasons = "; ".join(each.message for each in failed)
                missed = _unchecked("the cluster", reasons, "check that the API answers at your address")
                return [*_findings(rest), missed], _warnings(rest)
        misses = [
            _unchecked(each.resource or "the clouds", each.message, "correct the error, and run the check again")
            for each in failed
        ]
        return [*_findings(found), *misses], _warnings(found)
    except (EngineError, NotAPreviewError) as error:
        return [_unchecked("the clouds", redact_text(str(error)), "correct the error, and run the check again")], []


def _refreshed(pulumi: Pulumi, exclude: Sequence[str]) -> Preview:
    found = parse(pulumi.refresh(exclude=exclude))
    return replace(found, steps=tuple(step for step in found.steps if step.operation != _UNCHANGED))


def _findings(found: Preview) -> Iterator[Finding]:
    summary = summarise(found)
    types = {change.name: change.type for change in changes(found)}
    for section in (summary.loud, *summary.groups):
        for item in section.items:
            yield Finding(
                subject=Subject.CLOUDS,
                where=_place(types[name] for name in item.resources),
                what=item.text,
                remedy=_REMEDIES.get(item.kind, "run `pulumi refresh`, then `make up`"),
                details=_details(item),
            )


def _place(types: Iterable[str]) -> str:
    clouds = {kind.partition(":")[0] for kind in types}
    return ", ".join(sorted(_PLACES.get(cloud, cloud) for cloud in clouds))


def _details(item: Item) -> tuple[str, ...]:
    return tuple(line for name, lines in item.diffs if lines for line in (f"@@ {name} @@", *lines))


def _errors(found: Preview) -> list[Diagnostic]:
    """Return the errors without the engine's own last one, unless there is no other."""
    errors = [each for each in found.diagnostics if each.severity == "error"]
    reasons = [each for each in errors if each.message != _FAILED]
    return [replace(each, message=each.message.removeprefix("Preview failed: ")) for each in reasons or errors]


def _warnings(found: Preview) -> list[str]:
    return [
        f"{each.resource}: {each.message}" if each.resource else each.message
        for each in found.diagnostics
        if each.severity == "warning"
    ]


def _unchecked(where: str, what: str, remedy: str) -> Finding:
    return Finding(subject=Subject.CLOUDS, where=where, what=what, remedy=remedy, checked=False)
