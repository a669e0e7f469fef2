"""Which keys of a stack file travel from one environment to the next, and why."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class Travel(StrEnum):
    """What `promote` does with a key."""

    VERSION = "version"
    """Copied, and shown first."""
    BEHAVIOUR = "behaviour"
    """Copied."""
    ON_REQUEST = "on request"
    """Shown, and copied only if `--key` names it."""
    ADAPTED = "adapted"
    """Copied with the zone of the other stack; nothing is removed."""
    NEVER = "never"
    """Neither shown nor copied."""


class Rule(NamedTuple):
    """What happens to a key, and the reason."""

    travel: Travel
    reason: str


_OWN_NETWORK: Final = "each stack has its own addresses, and a live stack cannot change them"
_ONE_STEP: Final = "each stack takes these steps by itself, one update at a time"

SETTINGS: Final[Mapping[str, Rule]] = {
    "k3sVersion": Rule(Travel.VERSION, "what ran in one environment runs in the next"),
    "image": Rule(Travel.VERSION, "takes effect when a server is created or replaced"),
    "serverType": Rule(Travel.ON_REQUEST, "environments differ in size on purpose"),
    "rateLimit": Rule(Travel.BEHAVIOUR, "visitors see it"),
    "ingressClasses": Rule(Travel.BEHAVIOUR, "by name, because routes refer to them; a class is never removed"),
    "minTlsVersion": Rule(Travel.BEHAVIOUR, "visitors see it"),
    "routes": Rule(Travel.BEHAVIOUR, "by name and field; a route is added and never removed"),
    "zone": Rule(Travel.NEVER, "each stack has a zone of its own"),
    "location": Rule(Travel.NEVER, "each stack has a place of its own"),
    "networkRange": Rule(Travel.NEVER, _OWN_NETWORK),
    "subnetRange": Rule(Travel.NEVER, _OWN_NETWORK),
    "servers": Rule(Travel.NEVER, "environments differ in size on purpose"),
    "operators": Rule(Travel.NEVER, "each stack lists its own operators"),
    "user": Rule(Travel.NEVER, "a live stack cannot change it"),
    "namespace": Rule(Travel.NEVER, "a live stack cannot change it"),
    "k3sInstaller": Rule(Travel.NEVER, "a mirror belongs to an environment"),
    "kubeconfig": Rule(Travel.NEVER, "a generation counts the renewals of one stack"),
    "originCertificate": Rule(Travel.NEVER, "a generation counts the renewals of one stack"),
    "originPulls": Rule(Travel.NEVER, _ONE_STEP),
    "apiNode": Rule(Travel.NEVER, _ONE_STEP),
    "replacing": Rule(Travel.NEVER, _ONE_STEP),
    "teardown": Rule(Travel.NEVER, _ONE_STEP),
    "cloudflareRanges": Rule(Travel.NEVER, "a list is an emergency measure of one stack"),
}
"""Every key of `components/settings.py`, in the order in which differences are shown."""

ROUTE: Final[Mapping[str, Rule]] = {
    "hosts": Rule(Travel.ADAPTED, "a host of the other zone is added; a host is never removed"),
    "service": Rule(Travel.BEHAVIOUR, "where requests go"),
    "port": Rule(Travel.BEHAVIOUR, "where requests go"),
    "ingressClass": Rule(Travel.BEHAVIOUR, "where requests go"),
    "middlewares": Rule(Travel.BEHAVIOUR, "visitors see them"),
    "admin": Rule(Travel.BEHAVIOUR, "administrators must log in"),
    "sticky": Rule(Travel.BEHAVIOUR, "visitors see it"),
    "canary": Rule(Travel.BEHAVIOUR, "where requests go"),
    "name": Rule(Travel.NEVER, "routes with the same name are compared"),
    "clientCertificates": Rule(Travel.NEVER, "each environment trusts its own CAs"),
}
"""Every key of a route."""

REQUESTABLE: Final = tuple(key for key, rule in SETTINGS.items() if rule.travel is not Travel.NEVER)
"""The keys that `--key` may name."""
