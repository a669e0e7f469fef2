"""Middlewares: the kinds that routes may use, and their values. Source: doc.traefik.io, HTTP middlewares of v3."""

from collections.abc import Iterator
from typing import Final

from .kubernetes import MIDDLEWARE
from .model import Resource
from .rules import ResourceRule
from .shapes import fixed, known, listed, maybe, number, one_of, shape, text
from .view import Outcome, View, attempt

_HERE: Final = "policy/guardrails/middlewares.py"
_NAME: Final = text(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "the name of an object")
_HEADER: Final = maybe(text(r"[^\r\n]+", "one line"))

_VISITOR: Final = shape(
    f"_VISITOR in {_HERE}",
    {
        "ipStrategy": shape(
            f"_VISITOR in {_HERE}",
            {
                "depth": fixed(1, "the limit must count visitors, not Cloudflare's addresses"),
                "ipv6Subnet": maybe(number(32, 128)),
            },
        )
    },
)

MIDDLEWARES: Final = {
    "rateLimit": shape(
        f"MIDDLEWARES in {_HERE}",
        {
            "average": number(1, 10_000),
            "burst": maybe(number(1, 20_000)),
            "period": one_of(None, "1s", 1, why="a bucket is full again two seconds after its last use"),
            "sourceCriterion": _VISITOR,
        },
    ),
    "headers": shape(
        f"MIDDLEWARES in {_HERE}",
        {
            "stsSeconds": maybe(number(0, 10**8)),
            **dict.fromkeys(
                (
                    "stsIncludeSubdomains",
                    "stsPreload",
                    "forceSTSHeader",
                    "frameDeny",
                    "contentTypeNosniff",
                ),
                one_of(None, True, False),
            ),
            **dict.fromkeys(
                ("referrerPolicy", "contentSecurityPolicy", "permissionsPolicy", "customFrameOptionsValue"), _HEADER
            ),
        },
    ),
    "ipAllowList": shape(f"MIDDLEWARES in {_HERE}", {"sourceRange": listed(known, empty=False)}),
    "basicAuth": shape(
        f"MIDDLEWARES in {_HERE}",
        {
            "secret": text(r"\S+", "the name of the Secret with the users"),
            "removeHeader": fixed(True, "the application must not get the password"),
            "realm": known,
        },
    ),
    "chain": shape(
        f"MIDDLEWARES in {_HERE}",
        {
            "middlewares": listed(
                shape(f"MIDDLEWARES in {_HERE}", {"name": _NAME, "namespace": maybe(_NAME)}), empty=False
            )
        },
    ),
}
"""The kinds of middlewares. An allow list takes the address of the connection, so it has no `ipStrategy`."""


def _limits(limit: View) -> Iterator[Outcome]:
    average, burst = limit.at("average"), limit.at("burst")
    if type(average.value) is int and type(burst.value) is int and burst.value > 2 * average.value:
        yield f"{burst.path} is {burst.value}, more than twice the average, so it limits nothing"


def _judge(resource: Resource) -> Iterator[Outcome]:
    spec = View(resource.plain).at("spec")
    kinds = spec.entries()
    if len(kinds) != 1:
        yield f"{spec.path} has {len(kinds)} kinds of middleware; it must have one"
    yield from shape(f"MIDDLEWARES in {_HERE}", {kind: maybe(check) for kind, check in MIDDLEWARES.items()})(spec)
    yield from attempt(_limits(spec.at("rateLimit")))


RULES: Final = (
    ResourceRule(
        name="middlewares-are-known",
        description="Middlewares are of known kinds with known values: limits limit, and a login asks for a password.",
        judges={MIDDLEWARE: _judge},
    ),
)
