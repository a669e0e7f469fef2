"""What differs between a resource's state and its wanted inputs, and whether that is an update or a replacement."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.values import has_unknown, normal

Plain = dict[str, Any]


@dataclass(kw_only=True)
class Difference:
    """The properties that differ, those of them that need a replacement, and in which order that goes."""

    changed: set[str] = field(default_factory=set)
    replacing: set[str] = field(default_factory=set)
    by_input: set[str] = field(default_factory=set)
    """Properties that are best shown as old and new input, since their output has another form."""
    delete_first: bool = False


def same(_key: str, old: Any, new: Any) -> bool:
    """Whether output and input are the same value."""
    return bool(normal(old) == normal(new))


def without_order(keys: Collection[str]) -> Callable[[str, Any, Any], bool]:
    """As `same`, but the order of these lists does not matter."""

    def compare(key: str, old: Any, new: Any) -> bool:
        if key in keys and isinstance(old, list) and isinstance(new, list):
            return sorted(map(str, map(normal, old))) == sorted(map(str, map(normal, new)))
        return same(key, old, new)

    return compare


def difference(
    state: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    known: Collection[str],
    replaces: Collection[str],
    computed: Collection[str],
    defaults: Mapping[str, Any],
    ignored: Collection[str],
    compare: Callable[[str, Any, Any], bool],
) -> Difference:
    """Compare what stands, as the state tells it, with what is wanted.

    Args:
        state: The resource's outputs.
        inputs: What is wanted; unknown values count as different.
        known: All inputs that the resource has.
        replaces: Those of them that need a replacement.
        computed: Those that the cloud decides where they are left out.
        defaults: What leaving an input out means.
        ignored: The paths of `ignore_changes`.
        compare: Whether a property's output and input are the same.
    """
    found = Difference()
    skipped = {path.partition(".")[0].partition("[")[0] for path in ignored}
    for key in known:
        if key in skipped or (key not in inputs and key in computed):
            continue
        wanted = inputs.get(key, defaults.get(key))
        if has_unknown(wanted) or not compare(key, state.get(key), wanted):
            found.changed.add(key)
    found.replacing = found.changed & set(replaces)
    return found
