"""Find the stack's objects at Cloudflare: records by name, type and address, certificates by hosts or id."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, Final

from ops.clouds import cloudflare as api
from ops.recovery.document import Kept
from ops.recovery.found import DependsOnMissingError, Found, NotFoundError, Owner
from ops.recovery.program import Registration
from ops.recovery.provider_schemas import complete
from ops.recovery.values import Properties, is_known, plain

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
            "cloudflare:index/originCaCertificate:OriginCaCertificate": self._origin_certificate,
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

    def presented(self, registration: Registration, kept: Kept) -> Properties:
        """Return outputs of the certificate that Cloudflare presents to the origins, given its id.

        Raises:
            NotFoundError: If it does not exist, or is not the recovery document's.
        """
        wanted = plain(registration.inputs)
        found = next((each for each in self._cloud.pulls_certificates(wanted["zoneId"]) if each.id == kept.id), None)
        if found is None:
            raise NotFoundError(f"Cloudflare: there is no certificate {kept.id} for origin pulls; it was deleted")
        if found.certificate.split() != str(wanted["certificate"]).split():
            raise NotFoundError(f"Cloudflare: certificate {kept.id} for origin pulls is not the recovery document's")
        shown = {"status": found.status, "issuer": found.issuer, "expiresOn": found.expires_on}
        return {"certificateId": found.id, **{key: value for key, value in shown.items() if value}}

    def _origin_certificate(self, registration: Registration, wanted: Properties) -> Found:
        """Return the one certificate with the wanted hosts. The TLS Secret must hold the same (kubernetes.py)."""
        hosts, found = set(wanted["hostnames"]), dict[str, api.OriginCertificate]()
        for zone in self._zones:
            found |= {each.id: each for each in self._cloud.origin_certificates(zone) if set(each.hostnames) == hosts}
        if len(found) != 1:
            listed = f"{len(found)} ({', '.join(sorted(found))}); revoke those that are not in use" if found else "none"
            raise NotFoundError(f"Cloudflare: of origin certificates for {', '.join(sorted(hosts))} there is {listed}")
        (certificate,) = found.values()
        outputs = {"certificate": certificate.certificate, "expiresOn": certificate.expires_on}
        state = complete(registration, outputs)
        return Found(id=certificate.id, outputs=state, inputs=dict(registration.inputs), state=state)

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
