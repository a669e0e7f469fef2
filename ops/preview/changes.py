"""The changes of a preview: what happens to each resource, its place in the data flow, and the difference as text."""

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from ops.preview.reading import Preview, Step
from ops.preview.redaction import UNKNOWN


class Kind(StrEnum):
    """What happens to a resource."""

    REPLACE = "replaced"
    DELETE = "deleted"
    CREATE = "created"
    UPDATE = "updated"
    OTHER = "other"
    SAME = "unchanged"


_KINDS: Final = {
    "same": Kind.SAME,
    "create": Kind.CREATE,
    "import": Kind.CREATE,
    "update": Kind.UPDATE,
    "delete": Kind.DELETE,
    "discard": Kind.DELETE,
    "replace": Kind.REPLACE,
    "create-replacement": Kind.REPLACE,
    "delete-replaced": Kind.REPLACE,
    "import-replacement": Kind.REPLACE,
    "discard-replaced": Kind.REPLACE,
    "remove-pending-replace": Kind.REPLACE,
}

_GROUPS: Final = {
    "honeydue:index:HostFirewall": "firewalls",
    "hcloud:index/firewall:Firewall": "firewalls",
    "honeydue:index:Fleet": "servers",
    "honeydue:index:RoundRobinDns": "DNS",
    "honeydue:index:OriginCertificate": "certificates",
    "honeydue:index:OriginPulls": "certificates",
    "honeydue:index:ZoneTls": "certificates",
    "honeydue:index:K3sCluster": "cluster",
    "pulumi:providers:kubernetes": "cluster",
    "honeydue:index:Traefik": "Traefik",
    "honeydue:index:Routes": "routes",
}
"""The group of a resource with this type, or with a parent of it; the first match counts."""
_LONG: Final = 60
"""Characters from which a value has no place in a sentence."""
GROUPS: Final = ("servers", "firewalls", "DNS", "certificates", "cluster", "Traefik", "routes", "other")
"""The groups in the order of the data flow."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happens to one resource. `before` and `after` are its inputs, empty where it does not exist."""

    kind: Kind
    type: str
    name: str
    group: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    unprotected: bool = False

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The inputs that differ."""
        names = sorted({*self.before, *self.after})
        return tuple(name for name in names if self.before.get(name) != self.after.get(name))

    @cached_property
    def leaves(self) -> tuple[tuple[str, Any, Any], ...]:
        """The scalars that differ: path, value before, value after; none if a value is too long for a sentence."""
        before, after = dict(_leaves(self.before)), dict(_leaves(self.after))
        found = [(path, before.get(path), after.get(path)) for path in sorted({*before, *after})]
        changed = [each for each in found if each[1] != each[2]]
        return tuple(changed) if not any(_long(value) for each in changed for value in each[1:]) else ()

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """The paths of the inputs that are unknown until the update."""
        return tuple(path for path, value in _leaves(self.after) if value == UNKNOWN)

    @cached_property
    def diff(self) -> tuple[str, ...]:
        """The difference of the inputs: lines that start with `+`, `-` or a space, and `@@` between distant places."""
        before, after = list(_lines(self.before)), list(_lines(self.after))
        return tuple(difflib.unified_diff(before, after, lineterm="", n=1))[2:]


def changes(preview: Preview) -> tuple[Change, ...]:
    """Return one change per resource and kind, in the order of the preview; several steps can be one replacement."""
    found: dict[tuple[str, Kind], Change] = {}
    for step in preview.steps:
        change = _change(step)
        earlier = found.setdefault((step.key, change.kind), change)
        if earlier is not change:
            found[step.key, change.kind] = replace(
                earlier, before=earlier.before or change.before, after=earlier.after or change.after
            )
    return tuple(found.values())


def counts(preview: Preview) -> dict[Kind, int]:
    """Return the number of resources of each kind; resources that the preview only counts are unchanged."""
    number = Counter(change.kind for change in changes(preview))
    number[Kind.SAME] = preview.unchanged
    return {kind: number[kind] for kind in Kind}


def _change(step: Step) -> Change:
    group = next((name for marker, name in _GROUPS.items() if marker in step.types), "other")
    return Change(
        kind=_KINDS.get(step.operation, Kind.OTHER),
        type=step.types[-1],
        name=step.name,
        group=group,
        before=step.before or {},
        after=step.after or {},
        unprotected=step.unprotected,
    )


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each scalar with its path, such as `rules[0].port`."""
    match value:
        case Mapping() if value:
            for key, inner in sorted(value.items()):
                yield from _leaves(inner, f"{path}.{key}" if path else str(key))
        case list() if value:
            for index, inner in enumerate(value):
                yield from _leaves(inner, f"{path}[{index}]")
        case _:
            yield path, value


def _long(value: Any) -> bool:
    return isinstance(value, str) and (len(value) > _LONG or "\n" in value)


def _lines(inputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield each input as a line, a text of several lines as it is."""
    for path, value in _leaves(inputs):
        if isinstance(value, str) and "\n" in value:
            yield f"{path}:"
            yield from (f"  {line}" for line in value.splitlines())
        elif path:
            yield f"{path}: {value if isinstance(value, str) else json.dumps(value)}"
