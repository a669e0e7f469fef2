"""Parse YAML and JSON that are the text of a property. A document that can be read in two ways is refused."""

import json
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import yaml

from .view import MalformedError, View


class _Strict(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice, because another parser may take the other value."""


def _mapping(loader: _Strict, node: yaml.MappingNode) -> dict[Hashable, Any]:
    loader.flatten_mapping(node)
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"{', '.join(map(str, sorted(twice)))} given twice")
    return loader.construct_mapping(node, deep=True)


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise ValueError(f"{', '.join(sorted(twice))} given twice")
    return dict(pairs)


@lru_cache(maxsize=32)
def _yaml(text: str) -> Any:
    return yaml.load(text, _Strict)  # noqa: S506 - a subclass of the safe loader


@lru_cache(maxsize=32)
def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_pairs)


def yaml_in(place: View, root: str = "", *, secret: bool = False) -> View:
    """Return the mapping in a YAML text.

    Args:
        place: The text.
        root: The path of the document in messages.
        secret: Whether messages must not quote the text.

    Raises:
        NotKnown: If the text is unknown.
        MalformedError: If it is not a mapping in strict YAML.
    """
    try:
        found = _yaml(place.text())
    except (yaml.YAMLError, ValueError, TypeError) as error:
        reason = "content not shown" if secret else " ".join(str(error).split())
        raise MalformedError(f"{place.path} is not strict YAML ({reason})") from error
    return _document(place, found, root)


def json_in(place: View, root: str = "") -> View:
    """Return the mapping in a JSON text. Messages never quote the text.

    Raises:
        NotKnown: If the text is unknown.
        MalformedError: If it is not a mapping in JSON.
    """
    try:
        found = _json(place.text())
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"{place.path} is not JSON, or has a key twice") from error
    return _document(place, found, root)


def _document(place: View, found: Any, root: str) -> View:
    if not isinstance(found, dict):
        raise MalformedError(f"{place.path} contains {type(found).__name__}, but must contain a mapping")
    return View(found, root)
