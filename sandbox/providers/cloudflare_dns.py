"""DNS records: what a creation refuses and an update lets through, and how names settle."""

import ipaddress
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from sandbox.providers.cloudflare_shared import new_hex, now, refusal, zone_of, zones
from sandbox.providers.diffing import same
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Made, Plain, Problem, Resource, is_known
from sandbox.world import World

_TYPES: Final = [
    "A",
    "AAAA",
    "CNAME",
    "MX",
    "NS",
    "OPENPGPKEY",
    "PTR",
    "TXT",
    "CAA",
    "CERT",
    "DNSKEY",
    "DS",
    "HTTPS",
    "LOC",
    "NAPTR",
    "SMIMEA",
    "SRV",
    "SSHFP",
    "SVCB",
    "TLSA",
    "URI",
]
_PROXIABLE: Final = ("A", "AAAA", "CNAME")
_BAD_REQUEST: Final = "400 Bad Request"
_AUTOMATIC: Final = 1


class DnsRecord(Resource):
    """A record of a zone."""

    token = "cloudflare:index/dnsRecord:DnsRecord"  # noqa: S105 - a type
    kind = "dns_record"
    replaces = frozenset({"zoneId", "type"})
    computed = frozenset({"tags", "settings", "priority", "privateRouting"})
    outputs = frozenset({"createdOn", "modifiedOn", "meta", "proxiable", "commentModifiedOn", "tagsModifiedOn"})
    defaults: ClassVar = {"proxied": False}

    def __init__(self, world: World) -> None:
        super().__init__(world)

        def compare(key: str, old: Any, new: Any) -> bool:
            if key == "name" and is_known(new) and old is not None:
                return self._same_name(str(old), str(new))
            return same(key, old, new)

        self.compare = compare

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """The type is checked before the API is asked."""
        if is_known(inputs["type"]) and inputs["type"] not in _TYPES:
            yield "type", f"Attribute type value must be one of: {_TYPES}, got: {inputs['type']!r}"

    def create(self, inputs: Plain, urn: str) -> Made:
        """The one moment at which Cloudflare checks the TTL of a proxied record."""
        path = f"zones/{inputs.get('zoneId')}/dns_records"
        zone = zone_of(self.world, inputs, "POST", "dns_records")
        self._check(inputs, "POST", path)
        if inputs.get("proxied") and int(inputs["ttl"]) != _AUTOMATIC:
            raise refusal("POST", path, _BAD_REQUEST, 9009, "ttl must be set to 1 when `proxied` is true")
        self._check_others(zone, inputs, "", "POST", path)
        data = {
            **self.defaults,
            **self.shown(inputs),
            "createdOn": now(),
            "modifiedOn": now(),
            "meta": "{}",
            "proxiable": inputs["type"] in _PROXIABLE,
            "settings": {},
            "tags": [],
        }
        made = self.put_new(
            new_hex(self.world),
            self._settled(data, zone),
            urn,
            name=f"{_full(str(inputs['name']), zone)} {inputs['type']}",
        )
        return Made(id=made.id, outputs={**made.outputs, **self.shown(inputs)})

    def imported(self, identity: str) -> str:
        """The record's id, behind its zone's."""
        zone, separator, record = identity.partition("/")
        if not separator or "/" in record:
            form = '"<zone_id>/<dns_record_id>"'
            raise RefusalError(f'invalid ID: expected urlencoded segments {form}, got "{identity}"')
        found = self.world.get(self.kind, record)
        if found is None or found.data["zoneId"] != zone:
            path = f"zones/{zone}/dns_records/{record}"
            raise refusal("GET", path, "404 Not Found", 81044, "Record does not exist.")
        return record

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """A proxied record with a TTL of its own goes through here, and differs after every refresh."""
        path = f"zones/{inputs.get('zoneId')}/dns_records/{identity}"
        zone = zone_of(self.world, inputs, "PUT", "dns_records")
        found = self.world.get(self.kind, identity)
        if found is None:
            raise refusal("PUT", path, "404 Not Found", 81044, "Record does not exist.")
        self._check(inputs, "PUT", path)
        self._check_others(zone, inputs, identity, "PUT", path)
        data = {**found.data, **self.changed(state, inputs), "modifiedOn": now()}
        name = f"{_full(str(inputs['name']), zone)} {inputs['type']}"
        self.world.put(self.kind, identity, self._settled(data, zone), name=name)
        return {key: value for key, value in data.items() if not key.startswith("_")}

    def delete(self, identity: str, state: Plain) -> None:
        """One that is gone is an error."""
        if not self.world.delete(self.kind, identity):
            path = f"zones/{state.get('zoneId')}/dns_records/{identity}"
            raise refusal("DELETE", path, "404 Not Found", 81044, "Record does not exist.")

    def detail(self, inputs: Plain, state: Plain) -> str:
        """Name and type."""
        given = {**state, **inputs}
        return f"{given.get('name', '')} {given.get('type', '')}".strip()

    def read_inputs(self, inputs: Plain, outputs: Plain) -> Plain:
        """Names and contents are taken over as Cloudflare spells them, but for a name that is only shorter."""
        return super().read_inputs(inputs, outputs)

    def _check(self, inputs: Plain, method: str, path: str) -> None:
        kind, content, ttl = inputs["type"], str(inputs.get("content") or ""), int(inputs["ttl"])
        if kind in ("A", "AAAA") and not _is_address(content, 4 if kind == "A" else 6):
            family = "IPv4" if kind == "A" else "IPv6"
            code = 9005 if kind == "A" else 9006
            raise refusal(
                method, path, _BAD_REQUEST, code, f"Content for {kind} record must be a valid {family} address."
            )
        if inputs.get("proxied") and kind not in _PROXIABLE:
            raise refusal(method, path, _BAD_REQUEST, 9004, f"This record type cannot be proxied: {kind}")
        if ttl != _AUTOMATIC and not 60 <= ttl <= 86400:
            message = "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic."
            raise refusal(method, path, _BAD_REQUEST, 9021, message)

    def _check_others(self, zone: Plain, inputs: Plain, identity: str, method: str, path: str) -> None:
        name = _full(str(inputs["name"]), zone)
        others = [
            item.data
            for item in self.world.objects(self.kind)
            if item.id != identity and item.data["zoneId"] == zone["id"] and item.data["name"] == name
        ]
        wanted = _content(inputs)
        if any(other["type"] == inputs["type"] and other.get("content") == wanted for other in others):
            raise refusal(method, path, _BAD_REQUEST, 81058, "An identical record already exists.")
        addresses = ("A", "AAAA", "CNAME")
        kinds = {str(other["type"]) for other in others} & set(addresses)
        if (inputs["type"] == "CNAME" and kinds) or (inputs["type"] in addresses and "CNAME" in kinds):
            message = "An A, AAAA, or CNAME record with that host already exists."
            raise refusal(method, path, _BAD_REQUEST, 81053, message)

    def _settled(self, data: Plain, zone: Plain) -> Plain:
        """The record as Cloudflare keeps it: canonical, and with an automatic TTL where it is proxied."""
        ttl = _AUTOMATIC if data.get("proxied") else data["ttl"]
        return {**data, "name": _full(str(data["name"]), zone), "content": _content(data), "ttl": ttl}

    def _same_name(self, old: str, new: str) -> bool:
        names = [str(zone["name"]) for zone in zones(self.world)]
        return old == new or any(
            {old, new} in ({short, f"{short}.{zone}"}, {"@", zone}) for zone in names for short in (old, new)
        )


def _full(name: str, zone: Plain) -> str:
    """The name with its zone, in lower case."""
    name, suffix = name.lower().rstrip("."), str(zone["name"])
    if name in ("@", suffix):
        return suffix
    return name if name.endswith(f".{suffix}") else f"{name}.{suffix}"


def _content(data: Plain) -> Any:
    content = data.get("content")
    return str(ipaddress.ip_address(str(content))) if data["type"] in ("A", "AAAA") else content


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False
