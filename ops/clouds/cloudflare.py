"""Read a zone of Cloudflare. Source of paths and shapes: developers.cloudflare.com/api (v4)."""

import os
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from ops.clouds.model import Kind, Record, read
from ops.http import Api, ApiError

BASE_URL: Final = "https://api.cloudflare.com/client/v4"
BASE_URL_VARIABLE: Final = "CLOUDFLARE_BASE_URL"
TOKEN_VARIABLE: Final = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - the name of a variable
PER_PAGE: Final = 50
"""Objects per page; every list of this module allows 50."""
_PAGES: Final = 200
"""Pages of one list at most."""


class TokenState(Record):
    """An API token: `active`, `disabled` or `expired`."""

    id: str
    status: str
    expires_on: datetime | None = None


class Plan(Record):
    """A zone's plan."""

    name: str = ""
    legacy_id: str = ""


class Account(Record):
    """The account that a zone belongs to."""

    id: str
    name: str = ""


class Zone(Record):
    """A zone.

    Attributes:
        status: `initializing`, `pending`, `active` or `moved`.
        type: `full` if Cloudflare hosts the zone's DNS, else `partial`, `secondary` or `internal`.
        permissions: What the token may do, such as `#dns_records:edit`. Cloudflare calls the list a legacy field.
    """

    id: str
    name: str
    status: str = ""
    paused: bool = False
    type: str = ""
    name_servers: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    plan: Plan = Plan()
    account: Account


class DnsRecord(Record):
    """A DNS record; `name` is the full host name in lower case."""

    id: str
    name: str
    type: str
    content: str = ""
    proxied: bool = False
    ttl: int = 1
    comment: str | None = None


class ZoneSetting(Record):
    """A setting of a zone."""

    id: str
    value: Any
    editable: bool = True


class OriginCertificate(Record):
    """A certificate of Cloudflare's origin CA."""

    id: str
    hostnames: tuple[str, ...] = ()
    certificate: str = ""
    expires_on: str = ""
    request_type: str = ""
    requested_validity: int = 0


class PullsCertificate(Record):
    """The client certificate that Cloudflare presents to the origins of a zone."""

    id: str
    certificate: str = ""
    status: str = ""
    issuer: str = ""
    expires_on: str = ""


class PullsSwitch(Record):
    """Whether Cloudflare presents that certificate."""

    enabled: bool


class Ranges(Record):
    """The published ranges."""

    ipv4_cidrs: tuple[str, ...]
    ipv6_cidrs: tuple[str, ...]


class Cloudflare:
    """Cloudflare's API with one token. Every method raises ApiError if the API refuses or cannot be reached."""

    def __init__(self, token: str, base_url: str = "", backoff: float = 1.0) -> None:
        """Prepare requests; nothing is sent yet.

        Args:
            token: An API token, owned by a user or by an account.
            base_url: The API's URL; the default is the variable CLOUDFLARE_BASE_URL, else Cloudflare's own.
            backoff: See `ops.http.Api`.
        """
        base = base_url or os.environ.get(BASE_URL_VARIABLE) or BASE_URL
        self._api: Final = Api("Cloudflare", base, token, backoff=backoff)

    def token_state(self, account: str = "") -> TokenState:
        """Return the state of the token.

        Args:
            account: The account's id for a token that an account owns; `/user/tokens/verify` refuses such a token.
        """
        path = f"/accounts/{account}/tokens/verify" if account else "/user/tokens/verify"
        return self._one(path, TokenState)

    def zone(self, name: str) -> Zone | None:
        """Return the zone, None if the token sees no zone with this name."""
        found = [zone for zone in self._list("/zones", Zone, {"name": name}) if zone.name == name]
        return found[0] if found else None

    def records(self, zone: str, *, name: str = "") -> list[DnsRecord]:
        """Return the DNS records of a zone.

        Args:
            zone: The zone's id.
            name: Only records with this full host name.
        """
        return list(self._list(f"/zones/{zone}/dns_records", DnsRecord, {"name": name} if name else {}))

    def setting(self, zone: str, name: str) -> ZoneSetting:
        """Return a setting of a zone, such as `ssl`, `min_tls_version` or `always_use_https`."""
        return self._one(f"/zones/{zone}/settings/{name}", ZoneSetting)

    def origin_certificates(self, zone: str) -> list[OriginCertificate]:
        """Return the certificates of the origin CA for a zone that are not revoked."""
        return list(self._list("/certificates", OriginCertificate, {"zone_id": zone}))

    def pulls_certificates(self, zone: str) -> list[PullsCertificate]:
        """Return the zone-level client certificates for authenticated origin pulls. The API has one page of them."""
        path = f"/zones/{zone}/origin_tls_client_auth"
        return [read(PullsCertificate, each, f"Cloudflare: GET {path}") for each in self._rows(path, self._get(path))]

    def pulls_enabled(self, zone: str) -> bool:
        """Return whether zone-level authenticated origin pulls are switched on."""
        return self._one(f"/zones/{zone}/origin_tls_client_auth/settings", PullsSwitch).enabled

    def ranges(self) -> Ranges:
        """Return the published ranges. The API needs no token for them."""
        return self._one("/ips", Ranges)

    def _one(self, path: str, model: type[Kind]) -> Kind:
        return read(model, self._get(path).get("result"), f"Cloudflare: GET {path}")

    def _list(self, path: str, model: type[Kind], query: dict[str, Any]) -> Iterator[Kind]:
        """Yield the objects of all pages."""
        for page in range(1, _PAGES + 1):
            content = self._get(path, {**query, "page": page, "per_page": PER_PAGE})
            rows = self._rows(path, content)
            for each in rows:
                yield read(model, each, f"Cloudflare: GET {path}")
            info = content.get("result_info") or {}
            size = int(info.get("per_page") or PER_PAGE)  # a list may have pages of its own size
            total = info.get("total_count")
            if len(rows) < size if total is None else page * size >= total:
                return
        raise ApiError(f"Cloudflare: GET {path}: more than {_PAGES} pages")

    def _rows(self, path: str, content: dict[str, Any]) -> list[Any]:
        """Return the list of an answer; null is an empty one."""
        rows = content.get("result")
        if rows is not None and not isinstance(rows, list):
            raise ApiError(f"Cloudflare: GET {path}: the answer has no list `result`")
        return rows or []

    def _get(self, path: str, query: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._api.send("GET", path, query=query)
        if not isinstance(answer, dict) or answer.get("success") is not True:
            raise ApiError(f"Cloudflare: GET {path}: the answer does not say success", HTTPStatus.OK)
        return answer
