"""Hetzner's label selectors, except `in` and `notin`."""

import re
from collections.abc import Mapping
from typing import Final

_TERM: Final = re.compile(r"(?P<no>!)?(?P<key>[^=!]+)(?:(?P<sign>==|=|!=)(?P<value>[^=!]*))?")


def selects(selector: str, labels: Mapping[str, str]) -> bool:
    """Return whether a selector matches labels.

    Raises:
        ValueError: If the selector is malformed, or uses `in` or `notin`.
    """
    return all(_matches(term.strip(), labels) for term in selector.split(","))


def _matches(term: str, labels: Mapping[str, str]) -> bool:
    found = _TERM.fullmatch(term)
    if found is None or " " in term or (found["no"] and found["sign"]):
        raise ValueError(f"label selector {term!r}: use k, !k, k==v, k=v or k!=v")
    if not found["sign"]:
        return (found["key"] in labels) is not bool(found["no"])
    return (labels.get(found["key"]) == found["value"]) is (found["sign"] != "!=")
