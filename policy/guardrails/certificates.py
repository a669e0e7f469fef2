"""Certificates: told thirty days before their end."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from .hosts import ORIGIN_CERTIFICATE
from .model import Graph, Resource
from .rules import Found, Level, StackRule, at
from .view import MalformedError, NotKnown, Outcome, View

WARNING: Final = timedelta(days=30)
_ENDS: Final = {
    ORIGIN_CERTIFICATE: "expiresOn",
    "tls:index/selfSignedCert:SelfSignedCert": "validityEndTime",
    "tls:index/locallySignedCert:LocallySignedCert": "validityEndTime",
}
"""Which output says when a certificate ends."""


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def moment(text: str) -> datetime:
    """A point in time as Cloudflare (`2041-01-01T00:00:00Z` or `2041-01-01 00:00:00 +0000 UTC`) and tls tell it.

    Raises:
        ValueError: when it is neither.
    """
    plain = re.sub(r"\.\d+", "", text.strip().removesuffix(" UTC"))
    found = datetime.fromisoformat(re.sub(r" ([+-]\d\d):?(\d\d)$", r"\1:\2", plain))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _check(graph: Graph) -> Iterator[Found]:
    for resource in graph.resources:
        yield from at(resource, _ends(resource))


def _ends(resource: Resource) -> Iterator[Outcome]:
    place = View(resource.plain).at(_ENDS[resource.type])
    if place.value is None:
        raise NotKnown(place.path)
    try:
        end = moment(place.text())
    except ValueError as error:
        raise MalformedError(f"{place.path} is {place.text()!r}, no point in time") from error
    left = end - now()
    if left < WARNING:
        yield f"it ends on {end:%Y-%m-%d}, in {left.days} days; raise its generation in the stack file to renew it"


CERTIFICATES: Final = StackRule(
    name="certificates-are-renewed-in-time",
    description="Certificates are renewed thirty days before their end.",
    types=tuple(_ENDS),
    check=_check,
    level=Level.ADVISORY,
)
