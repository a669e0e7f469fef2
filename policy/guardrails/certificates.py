"""Keys, certificates, and TLS of the zone: strict settings, origin pulls, renewal thirty days before the end."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from .kubernetes import INGRESS, INGRESS_ROUTE, SECRET, TLS_OPTION, identity_of
from .model import Graph, Resource
from .routers import Route, routes_of
from .rules import Found, Level, ResourceRule, StackRule, at, inputs
from .servers import SERVER, tearing_down
from .shapes import fixed, holding, known, listed, number, one_of, shape, text
from .view import MalformedError, NotKnown, Outcome, View

ORIGIN_CERTIFICATE: Final = "cloudflare:index/originCaCertificate:OriginCaCertificate"
ZONE_SETTING: Final = "cloudflare:index/zoneSetting:ZoneSetting"
PULLS: Final = "cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings"
SELF_SIGNED: Final = "tls:index/selfSignedCert:SelfSignedCert"
LOCALLY_SIGNED: Final = "tls:index/locallySignedCert:LocallySignedCert"

WARNING: Final = timedelta(days=30)
PULLS_CA: Final = ("kube-system", "origin-pulls-ca")
DEFAULT: Final = ("kube-system", "default")
"""The Secret with the CA of the origin pulls, and the TLSOption that applies to routes without their own."""

_ENDS: Final = {ORIGIN_CERTIFICATE: "expiresOn", SELF_SIGNED: "validityEndTime", LOCALLY_SIGNED: "validityEndTime"}
"""The output with the end of each kind of certificate."""
_HERE: Final = "policy/guardrails/certificates.py"

ZONE_SETTINGS: Final = {
    "ssl": one_of("strict", why="Cloudflare must verify the origin's certificate"),
    "min_tls_version": one_of("1.2", "1.3", why="older versions of TLS are broken"),
    "always_use_https": one_of("on", why="visitors must not use plain HTTP"),
}
"""The settings of the zone that the stack may have, and their values."""

_LIFE: Final = {"validityPeriodHours": number(1, 100_000), "earlyRenewalHours": number(720, 100_000)}


def _zone_setting(resource: Resource) -> Iterator[Outcome]:
    given = View(resource.plain)
    name = given.at("settingId").text()
    if name not in ZONE_SETTINGS:
        yield f"the zone's setting {name} is not known here; add it to ZONE_SETTINGS in {_HERE} if it is wanted"
    else:
        yield from ZONE_SETTINGS[name](given.at("value"))


def _private_key(resource: Resource) -> Iterator[Outcome]:
    given = View(resource.plain)
    yield from one_of("ED25519", "ECDSA")(given.at("algorithm"))
    if given.at("algorithm").value == "ECDSA":
        yield from one_of("P256", "P384", "P521")(given.at("ecdsaCurve"))


TYPES: Final = {
    ZONE_SETTING: _zone_setting,
    PULLS: inputs(shape(f"TYPES in {_HERE}", {"zoneId": known, "enabled": one_of(True, False)})),
    "cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate": inputs(
        shape(f"TYPES in {_HERE}", {"zoneId": known, "certificate": known, "privateKey": known})
    ),
    ORIGIN_CERTIFICATE: inputs(holding({"hostnames": listed(text(r"\S+", "a host"), empty=False)})),
    "tls:index/privateKey:PrivateKey": _private_key,
    "tls:index/certRequest:CertRequest": inputs(known),
    SELF_SIGNED: inputs(holding({**_LIFE, "allowedUses": listed(one_of("cert_signing", "crl_signing"), empty=False)})),
    LOCALLY_SIGNED: inputs(
        holding({**_LIFE, "allowedUses": listed(one_of("client_auth", "digital_signature"), empty=False)})
    ),
    "random:index/randomPassword:RandomPassword": inputs(holding({"length": number(32, 128)})),
    "random:index/randomId:RandomId": inputs(known),
}
"""The types for keys, certificates and the zone's TLS that the stack may have; each with its judge."""


def _complete(graph: Graph) -> Iterator[Found]:
    covered: dict[str, set[str]] = {}
    for secret in graph.of(SECRET):
        yield from at(secret, _read(graph, secret, covered))
    for resource in graph.of(INGRESS, INGRESS_ROUTE):
        yield from at(resource, (out for route in routes_of(resource) for out in _certified(covered, route)))
    yield from _in_force(graph)


def covers(names: set[str], host: str) -> bool:
    """Whether the names of a certificate cover a host. A wildcard covers one label (RFC 6125)."""
    return host in names or f"*.{host.partition('.')[2]}" in names


def _read(graph: Graph, secret: Resource, covered: dict[str, set[str]]) -> Iterator[Outcome]:
    """Add the hosts of the origin certificate in a Secret; none if it holds something else."""
    place = "/".join(identity_of(secret))
    certificates = graph.behind(secret, ORIGIN_CERTIFICATE)
    names = [name for one in certificates for name in View(one.plain).at("hostnames").texts()]
    covered[place] = {name.lower() for name in names}
    yield from ()


def _certified(covered: Mapping[str, set[str]], route: Route) -> Iterator[Outcome]:
    """Check that the certificate in the Secret that a route names covers its hosts."""
    for secret in route.certificates:
        names = covered.get(f"{route.namespace}/{secret}")
        for host in sorted(route.hosts or ()) if names is not None else ():
            if not covers(names or set(), host):
                yield f"{host} is not in the origin certificate of Secret {secret}; add it to the certificate's hosts"


def _in_force(graph: Graph) -> Iterator[Found]:
    """Check that origin pulls and the zone's settings are in force, unless the stack is being torn down."""
    servers = graph.of(SERVER)
    if not servers or all(tearing_down(server) for server in servers):
        return
    for switch in graph.of(PULLS):
        yield from at(switch, _switch(switch))
    if not graph.of(PULLS):
        yield None, "origin pulls have no switch, so they may be off while port 443 is open; register one that is on"
    yield from _default_options(graph)
    given = {View(setting.plain).at("settingId").value for setting in graph.of(ZONE_SETTING)}
    for name in ZONE_SETTINGS:
        if name not in given:
            yield None, f"the zone's setting {name} is not set by this stack; register it"


def _switch(switch: Resource) -> Iterator[Outcome]:
    enabled = View(switch.plain).at("enabled")
    if enabled.value is not True:
        yield (
            f"{enabled.path} is {enabled.value!r} while port 443 is open, so any customer of Cloudflare could reach "
            "the origin; set originPulls.mode to offered or required, or teardown to delete the stack"
        )


def _default_options(graph: Graph) -> Iterator[Found]:
    """Check that the default TLS options exist once, and require a certificate of the origin pulls' CA, if any."""
    options = [item for item in graph.of(TLS_OPTION) if identity_of(item)[1] == DEFAULT[1]]
    if len(options) != 1:
        yield None, f"{len(options)} TLSOptions are named default; Traefik needs exactly one, or it ignores all of them"
    if any(identity_of(item) == PULLS_CA for item in graph.of(SECRET)):
        for item in options:
            names = View(item.plain).at("spec", "clientAuth", "secretNames")
            why = "the stack has the CA of the origin pulls, so Traefik must require a certificate of it"
            yield from at(item, fixed([PULLS_CA[1]], why)(names))


def now() -> datetime:
    """Return the present, in UTC."""
    return datetime.now(UTC)


def moment(given: str) -> datetime:
    """Parse a time as Cloudflare (`2041-01-01T00:00:00Z` or `2041-01-01 00:00:00 +0000 UTC`) and tls write it.

    Raises:
        ValueError: If it is neither.
    """
    plain = re.sub(r"\.\d+", "", given.strip().removesuffix(" UTC"))
    found = datetime.fromisoformat(re.sub(r" ([+-]\d\d):?(\d\d)$", r"\1:\2", plain))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _renewed(graph: Graph) -> Iterator[Found]:
    for resource in graph.resources:
        yield from at(resource, _end(resource))


def _end(resource: Resource) -> Iterator[Outcome]:
    place = View(resource.plain).at(_ENDS[resource.type])
    if place.missing:
        raise NotKnown(place.path)
    try:
        end = moment(place.text())
    except ValueError as error:
        raise MalformedError(f"{place.path} is {place.text()!r}, which is not a time") from error
    left = end - now()
    if left < WARNING:
        yield f"it ends on {end:%Y-%m-%d}, in {left.days} days; raise its generation in the stack file to renew it"


RULES: Final = (
    ResourceRule(
        name="tls-is-strict",
        description="Keys are strong, certificates have a narrow purpose, and the zone's TLS settings are strict.",
        judges=TYPES,
    ),
    StackRule(
        name="origin-tls-is-complete",
        description="Origin pulls and the zone's TLS settings are in force, and the certificate covers every host.",
        types=(SERVER, PULLS, ZONE_SETTING, TLS_OPTION, SECRET, ORIGIN_CERTIFICATE, INGRESS, INGRESS_ROUTE),
        check=_complete,
    ),
    StackRule(
        name="certificates-are-renewed-in-time",
        description="Certificates are renewed thirty days before their end.",
        types=tuple(_ENDS),
        check=_renewed,
        level=Level.ADVISORY,
    ),
)
