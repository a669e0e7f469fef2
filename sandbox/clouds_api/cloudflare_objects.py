"""The world's records as Cloudflare's JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sandbox.world import World

Json = dict[str, Any]

ACCOUNT: Final = "5a9db0c0ffee5a9db0c0ffee5a9db0c0"
_CREATED: Final = "2020-01-01T00:00:00Z"
_RANGES: Final = Path(__file__).resolve().parent.parent.parent / "components" / "cloudflare_ranges.json"
_PLANS: Final = {
    "free": "Free Website",
    "pro": "Pro Website",
    "business": "Business Website",
    "enterprise": "Enterprise Website",
}
_DEFAULTS: Final = {"ssl": "full", "min_tls_version": "1.0", "always_use_https": "off", "tls_1_3": "on"}
"""Settings of a new zone, as the API's reference documents them. Others exist only after the stack has set them."""


def zone(record: Json, permissions: Sequence[str]) -> Json:
    """Return a zone. The world's record may set `status`, `paused`, `type` and `plan` (`free`, `pro`, …)."""
    plan = str(record.get("plan") or "free")
    return {
        "id": record["id"],
        "name": record["name"],
        "status": record.get("status", "active"),
        "paused": bool(record.get("paused")),
        "type": record.get("type", "full"),
        "development_mode": 0,
        "name_servers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        "original_name_servers": None,
        "original_registrar": None,
        "original_dnshost": None,
        "created_on": _CREATED,
        "modified_on": _CREATED,
        "activated_on": _CREATED,
        "meta": {"step": 2, "custom_certificate_quota": 0, "page_rule_quota": 3, "phishing_detected": False},
        "owner": {"id": None, "type": "user", "email": None},
        "account": {"id": ACCOUNT, "name": "sandbox"},
        "permissions": list(permissions),
        "plan": {"id": plan, "name": _PLANS[plan], "legacy_id": plan, "is_subscribed": plan != "free"},
    }


def dns_records(world: World, zone: str) -> list[Json]:
    """Return the records of a zone."""
    return [
        {
            "id": item.id,
            "name": item.data["name"],
            "type": item.data["type"],
            "content": item.data.get("content"),
            "proxiable": bool(item.data.get("proxiable")),
            "proxied": bool(item.data.get("proxied")),
            "ttl": int(item.data["ttl"]),
            "comment": item.data.get("comment"),
            "tags": item.data.get("tags") or [],
            "settings": item.data.get("settings") or {},
            "meta": {},
            "created_on": item.data.get("createdOn", _CREATED),
            "modified_on": item.data.get("modifiedOn", _CREATED),
        }
        for item in world.objects("dns_record")
        if item.data["zoneId"] == zone
    ]


def setting(world: World, zone: str, name: str) -> Json | None:
    """Return a setting of a zone: as it was set, else the default; None if there is neither."""
    found = world.get("zone_setting", name, place=zone)
    if found is None and name not in _DEFAULTS:
        return None
    value = found.data["value"] if found else _DEFAULTS[name]
    changed = found.data["modifiedOn"] if found else None
    return {"id": name, "value": value, "editable": True, "modified_on": changed}


def origin_certificates(world: World, zone_name: str) -> list[Json]:
    """Return the origin CA's certificates with a host name in the zone. The request (CSR) is not returned."""
    return [
        {
            "id": item.id,
            "certificate": item.data["certificate"],
            "expires_on": item.data["expiresOn"],
            "hostnames": sorted(item.data["hostnames"], reverse=True),
            "request_type": item.data["requestType"],
            "requested_validity": int(item.data["requestedValidity"]),
        }
        for item in world.objects("origin_ca_certificate")
        if any(f".{name}".endswith(f".{zone_name}") for name in item.data["hostnames"])
    ]


def pulls_certificates(world: World, zone: str) -> list[Json]:
    """Return the zone-level client certificates, without their keys."""
    return [
        {
            "id": item.id,
            "certificate": item.data["certificate"],
            "status": item.data["status"],
            "issuer": item.data["issuer"],
            "signature": item.data["signature"],
            "expires_on": item.data["expiresOn"],
            "uploaded_on": item.data["uploadedOn"],
        }
        for item in world.objects("authenticated_origin_pulls_certificate")
        if item.data["zoneId"] == zone
    ]


def pulls_switch(world: World, zone: str) -> Json:
    """Return whether zone-level authenticated origin pulls are on; a new zone has them off."""
    found = world.get("authenticated_origin_pulls_settings", zone)
    return {"enabled": bool(found and found.data.get("enabled"))}


def ranges(world: World) -> Json:
    """Return the published ranges: those of the world (kind `ip_ranges`), else the repository's snapshot."""
    changed = next(iter(world.objects("ip_ranges")), None)
    found = changed.data if changed else json.loads(_RANGES.read_text())
    return {
        "ipv4_cidrs": found["ipv4"],
        "ipv6_cidrs": found["ipv6"],
        "etag": f"{len(found['ipv4'])}-{len(found['ipv6'])}",
    }
