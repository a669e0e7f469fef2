"""Cloudflare's provider: the token, the zones, and the resources of the stack."""

import json
import re
from pathlib import Path
from typing import ClassVar, Final

from sandbox.providers.base import StandIn
from sandbox.providers.cloudflare_certificates import AuthenticatedOriginPullsCertificate, OriginCaCertificate
from sandbox.providers.cloudflare_dns import DnsRecord
from sandbox.providers.cloudflare_shared import zones
from sandbox.providers.cloudflare_zone import AuthenticatedOriginPullsSettings, ZoneSetting
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Plain, Problem, is_known
from sandbox.world import World

_TOKEN: Final = re.compile(r"[0-9A-Za-z_-]{40,80}")
_CREATED: Final = "2020-01-01T00:00:00Z"
_RANGES: Final = Path(__file__).resolve().parent.parent.parent / "components" / "cloudflare_ranges.json"


class Cloudflare(StandIn):
    """pulumi-cloudflare over the world."""

    name = "cloudflare"
    retried = frozenset({"429", "503", "timeout"})
    resources: ClassVar = (
        AuthenticatedOriginPullsCertificate,
        AuthenticatedOriginPullsSettings,
        DnsRecord,
        OriginCaCertificate,
        ZoneSetting,
    )

    def configuration_problems(self, given: Plain) -> list[Problem]:
        """The token's shape; that there is none shows only at the first call."""
        token = given.get("apiToken")
        if is_known(token) and not _TOKEN.fullmatch(str(token)):
            reason = "API tokens must only contain characters a-z, A-Z, 0-9, hyphens and underscores"
            return [("apiToken", f"Attribute api_token {reason}")]
        return []

    def admit(self) -> None:
        """Without any credentials nothing is answered."""
        if not any(self.configuration.get(key) for key in ("apiToken", "apiKey", "apiUserServiceKey")):
            raise RefusalError(
                '400 Bad Request {"success":false,"errors":[{"code":9106,"message":"Missing X-Auth-Key, '
                'X-Auth-Email or Authorization headers"}]}'
            )

    def look_up(self, name: str, arguments: Plain) -> Plain:
        """Zones of the account, and the published ranges."""
        if name == "getZones":
            wanted = arguments.get("name")
            found = [_shown(zone) for zone in zones(self.world) if wanted in (None, "", zone["name"])]
            return {**arguments, "id": "zones", "results": found}
        if name == "getIpRanges":
            return _ranges(self.world)
        return super().look_up(name, arguments)


def _shown(zone: Plain) -> Plain:
    """A zone as the list of zones has it."""
    return {
        "id": zone["id"],
        "name": zone["name"],
        "account": {"id": "5a9db0c0ffee5a9db0c0ffee5a9db0c0", "name": "sandbox"},
        "activatedOn": _CREATED,
        "cnameSuffix": "",
        "createdOn": _CREATED,
        "developmentMode": 0,
        "meta": {},
        "modifiedOn": _CREATED,
        "nameServers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        "originalDnshost": "",
        "originalNameServers": [],
        "originalRegistrar": "",
        "owner": {},
        "paused": False,
        "permissions": ["#zone:read"],
        "plan": {},
        "status": "active",
        "tenant": {},
        "tenantUnit": {},
        "type": "full",
        "vanityNameServers": [],
        "verificationKey": "",
    }


def _ranges(world: World) -> Plain:
    """The published ranges: the repository's snapshot, unless the world has others (kind `ip_ranges`)."""
    changed = next(iter(world.objects("ip_ranges")), None)
    found = changed.data if changed else json.loads(_RANGES.read_text())
    return {
        "id": "ip_ranges",
        "etag": f"{len(found['ipv4'])}-{len(found['ipv6'])}",
        "ipv4Cidrs": found["ipv4"],
        "ipv6Cidrs": found["ipv6"],
        "jdcloudCidrs": [],
    }


def provider(world: World) -> Cloudflare:
    """The plugin."""
    return Cloudflare(world)
