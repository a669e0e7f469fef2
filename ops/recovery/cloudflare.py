"""Find the stack's objects at Cloudflare: records by name, type and address, certificates by the document's ids."""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ops.clouds import cloudflare as api
from ops.recovery.document import Kept
from ops.recovery.found import DependsOnMissingError, Found, NotFoundError, Owner
from ops.recovery.program import Registration
from ops.recovery.values import Properties, is_known, plain

ORIGIN_CERTIFICATE: Final = "cloudflare:index/originCaCertificate:OriginCaCertificate"
PULLS_CERTIFICATE: Final = "cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate"


class CloudflareObjects:
    """The objects that one token sees. Each list is read once. Every method raises ApiError."""

    def __init__(self, cloud: api.Cloudflare, owner: Owner) -> None:
        self._cloud: Final = cloud
        self._owner: Final = owner
        self._zones: Final[dict[str, api.Zone]] = {}
        self._records: Final[dict[str, list[api.DnsRecord]]] = {}
        self._finders: Final[Mapping[str, Callable[[Registration, Properties], Found]]] = {
            "cloudflare:index/dnsRecord:DnsRecord": self._record,
            "cloudflare:index/zoneSetting:ZoneSetting": self._setting,
            "cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings": self._switch,
        }

    @property
    def types(self) -> frozenset[str]:
        """The types of resources that `find` finds."""
        return frozenset(self._finders)

    def find(self, registration: Registration) -> Found:
        """Return the object of a resource.

        Raises:
            NotFoundError: If there is none that could be this one.
            DependsOnMissingError: If it belongs to an object that was not found.
        """
        return self._finders[registration.type](registration, plain(registration.inputs))

    def look_up(self, function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a function of the Cloudflare provider that the program calls."""
        match function:
            case "getZones":
                zone = self._cloud.zone(str(arguments["name"]))
                if zone is not None:
                    self._zones[zone.id] = zone
                return {"results": [{"id": zone.id, "name": zone.name}] if zone else []}
            case "getIpRanges":
                ranges = self._cloud.ranges()
                return {"ipv4Cidrs": list(ranges.ipv4_cidrs), "ipv6Cidrs": list(ranges.ipv6_cidrs)}
            case _:
                raise NotFoundError(f"Cloudflare: the program calls {function}, which `ops import` cannot answer")

    def certificate(self, registration: Registration, kept: Kept) -> Properties:
        """Return further outputs of a certificate of the recovery document, which must still exist and be the same.

        Raises:
            NotFoundError: If it does not exist, or is another one.
        """
        wanted = kept.outputs.get("certificate") or plain(registration.inputs).get("certificate")
        for zone in self._zones.values():
            for found in self._certificates(registration.type, zone.id):
                if found.id != kept.id:
                    continue
                if found.certificate.split() != str(wanted).split():
                    raise NotFoundError(f"Cloudflare: certificate {kept.id} is not the recovery document's")
                if isinstance(found, api.OriginCertificate):
                    return {}
                shown = {"status": found.status, "issuer": found.issuer, "expiresOn": found.expires_on}
                return {"certificateId": found.id, **{key: value for key, value in shown.items() if value}}
        raise NotFoundError(
            f"Cloudflare: there is no certificate {kept.id} ({registration.name}); it was revoked or deleted"
        )

    def _certificates(self, kind: str, zone: str) -> Sequence[api.OriginCertificate | api.PullsCertificate]:
        if kind == ORIGIN_CERTIFICATE:
            return self._cloud.origin_certificates(zone)
        return self._cloud.pulls_certificates(zone)

    def _record(self, registration: Registration, wanted: Properties) -> Found:
        if not is_known(wanted["content"]):
            raise DependsOnMissingError
        zone, shown = str(wanted["zoneId"]), f"{wanted['type']} {wanted['name']} {wanted['content']}"
        if zone not in self._records:
            self._records[zone] = self._cloud.records(zone)
        found = [each for each in self._records[zone] if _is_the_record(each, wanted)]
        if len(found) != 1:
            count = "no record" if not found else f"{len(found)} records"
            raise NotFoundError(f"Cloudflare: there is {count} {shown}, not one")
        owner = f"{self._owner.project}/{self._owner.stack}"
        if not (found[0].comment or "").endswith(f", {owner}"):
            comment = repr(found[0].comment) if found[0].comment else "missing"
            raise NotFoundError(
                f"Cloudflare: record {shown} ({found[0].id}) belongs to something else: its comment is {comment}, and "
                f"does not end in ', {owner}'"
            )
        return Found(id=f"{zone}/{found[0].id}", outputs=dict(registration.inputs), known_id=found[0].id)

    def _setting(self, registration: Registration, wanted: Properties) -> Found:
        zone, setting = str(wanted["zoneId"]), str(wanted["settingId"])
        self._cloud.setting(zone, setting)
        return Found(id=f"{zone}/{setting}", outputs=dict(registration.inputs), known_id=setting)

    def _switch(self, registration: Registration, wanted: Properties) -> Found:
        zone = str(wanted["zoneId"])
        self._cloud.pulls_enabled(zone)
        return Found(id=zone, outputs=dict(registration.inputs))


def _is_the_record(record: api.DnsRecord, wanted: Properties) -> bool:
    named = (record.name.lower(), record.type) == (str(wanted["name"]).lower(), wanted["type"])
    return named and _address(record.content) == _address(wanted["content"])


def _address(content: Any) -> object:
    """Return an address in its one form, any other content as it is."""
    try:
        return ipaddress.ip_address(str(content))
    except ValueError:
        return str(content)
