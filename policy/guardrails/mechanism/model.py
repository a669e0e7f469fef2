"""Resources as plain data, which the rules judge. They come from the engine, from a recording or from a test."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Final


class _Unknown(Enum):
    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return self.name


UNKNOWN: Final = _Unknown.UNKNOWN
"""A value that the preview does not know."""


@dataclass(frozen=True)
class Secret:
    """A value that state and previews show encrypted."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource.

    Attributes:
        type: The type token, `hcloud:index/server:Server`.
        properties: camelCase keys; dicts, lists, strings, numbers, booleans, None, `UNKNOWN`, `Secret`. A rule for a
            resource gets the inputs. A rule for the stack gets the outputs, which include the inputs.
        depends: For each property, the URNs of the resources that its value depends on.
    """

    urn: str
    type: str
    name: str
    properties: Mapping[str, Any]
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    depends: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def plain(self) -> dict[str, Any]:
        """The properties without the marks of secrets."""
        return {key: without_secrets(value) for key, value in self.properties.items()}

    @property
    def all_dependencies(self) -> frozenset[str]:
        """The URNs that any property depends on."""
        return frozenset[str]().union(*self.depends.values())


def without_secrets(value: Any) -> Any:
    """Return the data with each `Secret` replaced by its value."""
    match value:
        case Secret():
            return without_secrets(value.value)
        case Mapping():
            return {key: without_secrets(item) for key, item in value.items()}
        case list() | tuple():
            return [without_secrets(item) for item in value]
        case _:
            return value


class Graph:
    """All resources of a stack."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = tuple(resources)
        self.by_urn = {resource.urn: resource for resource in self.resources}
        self._by_type: defaultdict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            self._by_type[resource.type].append(resource)

    def of(self, *types: str) -> list[Resource]:
        """Return the resources of these types, one type after another."""
        return [resource for type_ in types for resource in self._by_type.get(type_, ())]

    def behind(self, resource: Resource, type_: str, *properties: str) -> list[Resource]:
        """Return the resources of a type that these properties (by default all) of a resource depend on."""
        urns: Iterator[str] | frozenset[str] = (
            (urn for key in properties for urn in resource.depends.get(key, frozenset()))
            if properties
            else resource.all_dependencies
        )
        found = {urn: self.by_urn[urn] for urn in urns if urn in self.by_urn}
        return [item for item in found.values() if item.type == type_]
