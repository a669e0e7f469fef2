"""Who manages which field of an object, and how an applier takes over what was created or edited without applying.

A server-side apply removes only fields that its manager has applied before. What a POST sets belongs to the updates of
the same manager, which are another owner. pulumi-kubernetes takes that over, and all that was set by kubectl.
Sources: Kubernetes, "Server-Side Apply"; fixCSAFieldManagers of pulumi-kubernetes, whose list this is.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

MANAGER: Final = "pulumi"
"""The real provider adds eight random digits for each object."""
_TAKEN: Final = {"Update": (MANAGER, "before-first-apply", "kubectl"), "Apply": ("kubectl",)}
"""The beginnings of the names of the managers that give way, by operation."""

Entry = Mapping[str, Any]
"""One of `metadata.managedFields`."""


def created_by_us(managed: Sequence[Entry]) -> bool:
    """Whether fields are still owned by our POST, so that applying could only conflict with ourselves."""
    return any(entry["operation"] == "Update" and _begins(entry, (MANAGER,)) for entry in managed)


def taken_over(managed: Sequence[Entry]) -> list[Entry] | None:
    """The entries with all that gives way as ours, applied; None where nothing does."""
    giving = [entry for entry in managed if _begins(entry, _TAKEN.get(entry["operation"], ()))]
    if not giving:
        return None
    own = [entry for entry in managed if entry["operation"] == "Apply" and entry["manager"] == MANAGER]
    fields: Mapping[str, Any] = {}
    for entry in (*own, *giving):
        fields = _united(fields, entry.get("fieldsV1") or {})
    ours = {**(own or giving)[0], "manager": MANAGER, "operation": "Apply", "fieldsV1": fields}
    return [*(entry for entry in managed if entry not in own and entry not in giving), ours]


def _begins(entry: Entry, names: tuple[str, ...]) -> bool:
    return not entry.get("subresource") and str(entry.get("manager", "")).startswith(names)


def _united(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both sets of fields; FieldsV1 is a tree of keys."""
    return {key: _united(one.get(key, {}), other.get(key, {})) for key in {**one, **other}}
