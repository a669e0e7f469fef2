"""Resources as plain data: what the rules judge, whether it comes from the engine, a recording or a test."""

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
"""Stands for a value that a preview does not know yet."""


@dataclass(frozen=True)
class Secret:
    """A value that state and previews show encrypted."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource as registered, or as it stands after an update.

    Attributes:
        type: The type token, `hcloud:index/server:Server`.
        properties: camelCase keys; dicts, lists, strings, numbers, booleans, None, `UNKNOWN`, `Secret`. The inputs when
            the resource is judged by itself; the outputs, which hold the inputs, when the whole stack is.
        depends: The URNs that each property's value was made from.
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
        """The properties without the marks of what is secret."""
        return {key: without_secrets(value) for key, value in self.properties.items()}

    @property
    def all_dependencies(self) -> frozenset[str]:
        """The URNs that any property was made from."""
        return frozenset[str]().union(*self.depends.values())


def without_secrets(value: Any) -> Any:
    """The same data with each `Secret` replaced by its value."""
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

    def of(self, *types: str) -> list[Resource]:
        """The resources of these types, in order."""
        return [resource for resource in self.resources if resource.type in types]

    def behind(self, resource: Resource, type_: str, *properties: str) -> list[Resource]:
        """The resources of a type that these properties (or any) of a resource were made from."""
        urns: Iterator[str] | frozenset[str] = (
            (urn for key in properties for urn in resource.depends.get(key, frozenset()))
            if properties
            else resource.all_dependencies
        )
        found = {urn: self.by_urn[urn] for urn in urns if urn in self.by_urn}
        return [item for item in found.values() if item.type == type_]
