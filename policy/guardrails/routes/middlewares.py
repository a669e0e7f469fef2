"""Middlewares: the kinds that routes may use, and their values. Source: doc.traefik.io, HTTP middlewares of v3."""

from collections.abc import Iterator
from typing import Final

from guardrails.mechanism.model import Resource
from guardrails.mechanism.objects import MIDDLEWARE, identity, object_of
from guardrails.mechanism.rules import ResourceRule
from guardrails.mechanism.shapes import Entry, fixed, known, listed, maybe, number, one_of, table_in, text
from guardrails.mechanism.view import Outcome, View

from .objects import NAME

_in = table_in(__name__)
_HEADER: Final = maybe(text(r"[^\r\n]+", "one line"))
_SWITCHES: Final = ("stsIncludeSubdomains", "stsPreload", "forceSTSHeader", "frameDeny", "contentTypeNosniff")
_LINES: Final = ("referrerPolicy", "contentSecurityPolicy", "permissionsPolicy", "customFrameOptionsValue")

MIDDLEWARES: Final[dict[str, Entry]] = {
    "rateLimit": {
        "average": number(1, 10_000),
        "burst": maybe(number(1, 20_000)),
        "period": one_of(None, "1s", 1, why="a bucket is full again two seconds after its last use"),
        "sourceCriterion": {
            "ipStrategy": {
                "depth": fixed(1, "the limit must count visitors, not Cloudflare's addresses"),
                "ipv6Subnet": maybe(number(32, 128)),
            },
        },
    },
    "headers": {
        "stsSeconds": maybe(number(0, 10**8)),
        **dict.fromkeys(_SWITCHES, one_of(None, True, False)),
        **dict.fromkeys(_LINES, _HEADER),
    },
    "ipAllowList": {"sourceRange": listed(known, empty=False)},
    "basicAuth": {
        "secret": text(r"\S+", "the name of the Secret with the users"),
        "removeHeader": fixed(True, "the application must not get the password"),
        "realm": known,
    },
    "chain": {"middlewares": listed({"name": NAME, "namespace": maybe(NAME)}, empty=False)},
}
"""The kinds of middlewares. An allow list takes the address of the connection, so it has no `ipStrategy`."""

NAMES: Final = {
    "rate-limit": "rateLimit",
    "security-headers": "headers",
    "cloudflare-only": "ipAllowList",
    "admin-auth": "basicAuth",
}
"""The kind that a middleware of each of these names must have, because classes and admin routes require the names."""


def _middleware(resource: Resource) -> Iterator[Outcome]:
    body = View(resource.plain)
    spec = body.at("spec")
    kinds = sorted(spec.entries())
    if len(kinds) != 1:
        yield f"{spec.path} has {len(kinds)} kinds of middleware; it must have one"
    elif not spec.at(kinds[0]).entries():
        yield f"{spec.path}.{kinds[0]} is empty, so it does nothing"
    average, burst = spec.at("rateLimit", "average").value, spec.at("rateLimit", "burst").value
    if type(average) is int and type(burst) is int and burst > 2 * average:
        yield f"spec.rateLimit.burst is {burst}, more than twice the average, so it limits nothing"
    name = identity(body)[1]
    if name in NAMES and kinds != [NAMES[name]]:
        yield f"{name} has the kind {', '.join(kinds)}, but must be {NAMES[name]}; routes rely on the name"


_BODY: Final[dict[str, Entry]] = {"spec": {kind: maybe(entry) for kind, entry in MIDDLEWARES.items()}}

RULES: Final = (
    ResourceRule(
        name="middlewares-are-known",
        description="Middlewares are of known kinds with known values: limits limit, and a login asks for a password.",
        judges=object_of(MIDDLEWARE, _in("MIDDLEWARES"), _BODY, more=_middleware),
    ),
)
