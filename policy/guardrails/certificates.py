"""Keys, certificates, and TLS of the zone: strict settings, origin pulls, renewal thirty days before the end."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from guardrails.mechanism.model import Graph, Resource
from guardrails.mechanism.objects import INGRESS, INGRESS_ROUTE, SECRET, TLS_OPTION, identity_of
from guardrails.mechanism.rules import Found, Level, ResourceRule, StackRule, at
from guardrails.mechanism.shapes import (
    Entry,
    check_of,
    fixed,
    known,
    listed,
    number,
    one_of,
    table_in,
    text,
    unknown,
)
from guardrails.mechanism.view import MalformedError, NotKnown, Outcome, View, attempt
from guardrails.routes.routers import Route, routes_of
from guardrails.servers.fleet import SERVER, tearing_down

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
_in = table_in(__name__)

ZONE_SETTINGS: Final = {
    "ssl": one_of("strict", why="Cloudflare must verify the origin's certificate"),
    "min_tls_version": one_of("1.2", "1.3", why="older versions of TLS are broken"),
    "always_use_https": one_of("on", why="visitors must not use plain HTTP"),
}
"""The settings of the zone that the stack may have, and their values."""

_LIFE: Final[dict[str, Entry]] = {
    "validityPeriodHours": number(1, 100_000),
    "earlyRenewalHours": number(720, 100_000),
    "privateKeyPem": known,
    "subject": known,
    "setAuthorityKeyId": known,
    "setSubjectKeyId": known,
    "validityEndTime": known,
    "certPem": known,
}

INPUTS: Final[dict[str, Entry]] = {
    ZONE_SETTING: {"zoneId": known, "settingId": known, "value": known},
    PULLS: {"zoneId": known, "enabled": one_of(True, False)},
    "cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate": dict.fromkeys(
        ("zoneId", "certificate", "privateKey"), known
    ),
    ORIGIN_CERTIFICATE: {
        "csr": known,
        "hostnames": listed(text(r"\S+", "a host"), empty=False),
        "requestType": one_of(None, "origin-ecc", "origin-rsa"),
        "requestedValidity": one_of(None, 7, 30, 90, 365, 730, 1095, 5475),
        "expiresOn": known,  # an output, as the next two
    },
    "tls:index/privateKey:PrivateKey": {
        "algorithm": one_of("ED25519", "ECDSA"),
        "ecdsaCurve": one_of(None, "P256", "P384", "P521"),
        "rsaBits": known,
    },
    "tls:index/certRequest:CertRequest": known,
    SELF_SIGNED: {
        **_LIFE,
        "isCaCertificate": known,
        "allowedUses": listed(one_of("cert_signing", "crl_signing"), empty=False),
    },
    LOCALLY_SIGNED: {
        **_LIFE,
        **dict.fromkeys(("caCertPem", "caPrivateKeyPem", "certRequestPem"), known),
        "isCaCertificate": one_of(None, False, why="its owner could sign for every name"),
        "allowedUses": listed(one_of("client_auth", "digital_signature"), empty=False),
    },
    "random:index/randomPassword:RandomPassword": {
        "length": number(32, 128),
        "keepers": known,
        **dict.fromkeys(("lower", "numeric", "number", "special", "upper", "overrideSpecial"), known),
        **dict.fromkeys(("minLower", "minNumeric", "minSpecial", "minUpper"), known),
    },
    "random:index/randomId:RandomId": known,
    "pulumi:providers:tls": {"version": known},
    "pulumi:providers:random": {"version": known},
}
"""The types for keys, certificates and the zone's TLS that the stack may have, each with its inputs."""


def _judge(resource: Resource) -> Iterator[Outcome]:
    given = View(resource.plain)
    yield from attempt(check_of(INPUTS[resource.type])(given.listed_in(_in("INPUTS"))))
    if resource.type == ZONE_SETTING:
        name = given.at("settingId").text()
        if name not in ZONE_SETTINGS:
            yield unknown(f"the zone's setting {name}", _in("ZONE_SETTINGS"))
        else:
            yield from ZONE_SETTINGS[name](given.at("value"))
    if given.at("algorithm").value == "ECDSA" and given.at("ecdsaCurve").missing:
        yield "ecdsaCurve is missing, so the curve would be P224; set it to P256"


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
    if servers and all(tearing_down(server) for server in servers):
        return
    for switch in graph.of(PULLS):
        yield from at(switch, _switch(switch))
    if not servers:
        return
    if not graph.of(PULLS):
        yield None, "origin pulls have no switch, so they may be off while port 443 is open; register one that is on"
    yield from _default_options(graph)
    zones = {View(item.plain).at("zoneId").value for item in graph.of(PULLS, ZONE_SETTING)}
    if len(zones) > 1:
        yield None, f"the settings belong to the zones {', '.join(sorted(map(str, zones)))}; a stack has one zone"
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
        judges=dict.fromkeys(INPUTS, _judge),
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
