"""What a provider adds to the state of a resource that it cannot read back: constants, and the version of its schema.

Source: the schemas of terraform-provider-tls 4.2, -random 3.7 and -cloudflare 5.19, which the plugins contain.
"""

from collections.abc import Mapping
from typing import Any, Final

from ops.recovery.program import Registration
from ops.recovery.values import Properties, plain, secret

VERSIONS: Final[Mapping[str, int]] = {
    "tls:index/privateKey:PrivateKey": 1,
    "random:index/randomPassword:RandomPassword": 3,
    "cloudflare:index/originCaCertificate:OriginCaCertificate": 500,
    "cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate": 500,
}
"""A provider takes a state without a version for one of version 0, and would convert it."""

_CERTIFICATE: Final = {
    "earlyRenewalHours": 0,
    "isCaCertificate": False,
    "maxPathLength": -1,
    "setSubjectKeyId": False,
}
DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "tls:index/privateKey:PrivateKey": {"ecdsaCurve": "P224", "rsaBits": 2048},
    "tls:index/selfSignedCert:SelfSignedCert": {**_CERTIFICATE, "setAuthorityKeyId": False},
    "tls:index/locallySignedCert:LocallySignedCert": _CERTIFICATE,
    "random:index/randomPassword:RandomPassword": {
        **dict.fromkeys(("lower", "upper", "numeric", "number", "special"), True),
        **dict.fromkeys(("minLower", "minUpper", "minNumeric", "minSpecial"), 0),
    },
}
"""Inputs that the program leaves out. Without them in the state, the provider would replace the resource."""


def complete(registration: Registration, outputs: Properties) -> Properties:
    """Return a resource's outputs as its provider writes them: with inputs, constants and marked secrets."""
    whole = {**DEFAULTS.get(registration.type, {}), **registration.inputs, **outputs}
    marked = {
        name: secret(plain(value)) if name in registration.secret_outputs else value for name, value in whole.items()
    }
    version = VERSIONS.get(registration.type)
    return marked if version is None else {**marked, "__meta": f'{{"schema_version":"{version}"}}'}
