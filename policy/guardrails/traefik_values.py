"""Traefik's chart values: YAML in a string, that no schema and no API server ever looks into."""

from functools import lru_cache
from typing import Any, Final

import yaml

from .kubernetes import identity
from .model import Resource
from .pods import TRAEFIK
from .view import MalformedError, View

SPEC_KEYS: Final = frozenset({"valuesContent", "failurePolicy"})
"""All that a HelmChartConfig may say: `valuesSecrets` and `values` would merge what no policy reads."""


class _Strict(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice, of which Helm and this loader might believe different ones."""


def _mapping(loader: _Strict, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"{', '.join(map(str, sorted(twice)))} given twice")
    return loader.construct_mapping(node, deep=True)


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@lru_cache(maxsize=8)
def _parsed(text: str) -> Any:
    return yaml.load(text, _Strict)  # noqa: S506 - a subclass of the safe loader


def is_traefiks(resource: Resource) -> bool:
    """Whether a HelmChartConfig is that of the bundled Traefik.

    Raises:
        NotKnown: when its name or namespace is not known.
    """
    return identity(View(resource.plain)) == TRAEFIK


def chart_values(resource: Resource) -> View:
    """The values of a HelmChartConfig.

    Raises:
        NotKnown: when the text is not known.
        MalformedError: when it is no YAML mapping.
    """
    place = View(resource.plain).at("spec", "valuesContent")
    try:
        values = _parsed(place.text())
    except (yaml.YAMLError, ValueError, TypeError) as error:
        first = " ".join(str(error).split())
        raise MalformedError(f"{place.path} is no YAML that Helm would read in one way ({first})") from error
    if not isinstance(values, dict):
        raise MalformedError(f"{place.path} holds {type(values).__name__} where a mapping of chart values must stand")
    return View(values)
