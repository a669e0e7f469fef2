"""A reviewer's summary of a preview, as data that every rendering consumes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ops.preview.changes import GROUPS, Change, Kind, changes, counts
from ops.preview.describe import describe, ended_protection
from ops.preview.phrases import Phrase, listed
from ops.preview.reading import Diagnostic, PolicyMessage, Preview

LOUD: Final = frozenset({Kind.REPLACE, Kind.DELETE})
_WEIGHTS: Final = (
    "hcloud:index/server:Server",
    "hcloud:index/primaryIp:PrimaryIp",
    "hcloud:index/network:Network",
    "hcloud:index/networkSubnet:NetworkSubnet",
    "kubernetes:core/v1:Namespace",
    "hcloud:index/firewall:Firewall",
    "cloudflare:index/dnsRecord:DnsRecord",
)
"""Types whose replacement or deletion is shown first, the gravest first."""
_SEVERITIES: Final = {"error": 0, "warning": 1}
_POLICIES_OMITTED: Final = (
    "This preview has no messages of policies, because `pulumi preview --json` omits them, also those of a policy that "
    "refused it. `python -m ops preview --stack STACK` shows them."
)


@dataclass(frozen=True, kw_only=True)
class Item:
    """One sentence about one or more resources, with the raw differences of those that it is the first to name."""

    text: str
    kind: Kind
    resources: tuple[str, ...]
    diffs: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Section:
    """A titled list of items."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a reviewer reads.

    Attributes:
        stack: The stack's name, or empty.
        counts: The number of resources by kind.
        loud: Replacements, deletions and ended protections.
        groups: All other changes, by component in the order of the data flow.
        unknown: Which inputs are unknown until the update.
        diagnostics: The messages of the preview, errors first.
        policies: The messages of policies, those that refuse the preview first.
        notes: What the preview cannot show.
    """

    stack: str
    counts: dict[Kind, int]
    loud: Section
    groups: tuple[Section, ...]
    unknown: Section
    diagnostics: tuple[Diagnostic, ...]
    policies: tuple[PolicyMessage, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return not self.loud.items and not self.groups

    @property
    def title(self) -> str:
        """The stack and the headline."""
        return f"Preview of {self.stack}: {self.headline}" if self.stack else f"Preview: {self.headline}"

    @property
    def headline(self) -> str:
        """The counts in one line, or `No changes`."""
        changed = [f"{number:,} {kind}" for kind, number in self.counts.items() if number and kind is not Kind.SAME]
        unchanged = f"{self.counts[Kind.SAME]:,} unchanged"
        if any(each.mandatory for each in self.policies):
            return f"Policies refuse this preview: {', '.join([*changed, unchanged])}"
        if any(each.severity == "error" for each in self.diagnostics):
            return f"The preview failed: {', '.join([*changed, unchanged])} before the error"
        return ", ".join([*(changed or ["No changes"]), unchanged])


def summarise(preview: Preview) -> Summary:
    """Return the summary of a preview."""
    every = changes(preview)
    loud = sorted((change for change in every if change.kind in LOUD), key=_weight)
    quiet = [change for change in every if change.kind not in {*LOUD, Kind.SAME}]
    unprotected = [change for change in every if change.unprotected and change.kind not in LOUD]
    groups = [
        Section(title=group, items=_merged(_described(preview, [change for change in quiet if change.group == group])))
        for group in GROUPS
    ]
    spoken = [each for each in preview.diagnostics if not (preview.policies and each.message == "preview failed")]
    errors_first = sorted(spoken, key=lambda each: _SEVERITIES.get(each.severity, len(_SEVERITIES)))
    return Summary(
        stack=preview.stack,
        counts=counts(preview),
        loud=Section(
            title="Replaced, deleted or no longer protected",
            items=(
                *_merged(_described(preview, loud)),
                *_merged([(ended_protection(change), change) for change in unprotected], with_diffs=False),
            ),
        ),
        groups=tuple(section for section in groups if section.items),
        unknown=Section(title="Unknown until the update", items=_unknown(every)),
        diagnostics=tuple(errors_first),
        policies=preview.policies or (),
        notes=(_POLICIES_OMITTED,) if preview.policies is None else (),
    )


def _weight(change: Change) -> tuple[int, int]:
    """Return the place among replacements and deletions."""
    weight = _WEIGHTS.index(change.type) if change.type in _WEIGHTS else len(_WEIGHTS)
    return (weight, GROUPS.index(change.group))


def _described(preview: Preview, some: Iterable[Change]) -> list[tuple[Phrase, Change]]:
    return [(phrase, change) for change in some for phrase in describe(change, preview.config)]


def _unknown(every: Sequence[Change]) -> tuple[Item, ...]:
    pairs = [
        (Phrase(lead=f"{listed(change.unknown)} of ", slot=change.name), change) for change in every if change.unknown
    ]
    return _merged(pairs, with_diffs=False)


def _merged(pairs: Sequence[tuple[Phrase, Change]], *, with_diffs: bool = True) -> tuple[Item, ...]:
    """Return one item per sentence. The difference of a change is part of the first item that names it."""
    same: dict[tuple[Phrase, Kind], list[tuple[str, Change]]] = {}
    for phrase, change in pairs:
        same.setdefault((phrase.sentence, change.kind), []).append((phrase.slot, change))
    shown: set[int] = set()
    items = []
    for (sentence, kind), about in same.items():
        fresh = [change for _, change in about if id(change) not in shown] if with_diffs else []
        shown |= {id(change) for change in fresh}
        items.append(
            Item(
                text=sentence.text([slot for slot, _ in about]),
                kind=kind,
                resources=tuple(change.name for _, change in about),
                diffs=tuple((change.name, change.diff) for change in fresh),
            )
        )
    return tuple(items)
