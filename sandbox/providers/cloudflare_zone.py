"""Settings of a zone: removing one from a stack leaves it as it was set."""

from typing import Any, Final

from sandbox.providers.cloudflare_shared import now, refusal, zone_of
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Made, Plain, Resource
from sandbox.world import Item

_SWITCH: Final = ("on", "off")
_SETTINGS: Final[dict[str, tuple[str, ...]]] = {
    "ssl": ("off", "flexible", "full", "strict", "origin_pull"),
    "min_tls_version": ("1.0", "1.1", "1.2", "1.3"),
    "tls_1_3": ("on", "off", "zrt"),
    "security_level": ("off", "essentially_off", "low", "medium", "high", "under_attack"),
    **dict.fromkeys(
        (
            "0rtt",
            "always_online",
            "always_use_https",
            "automatic_https_rewrites",
            "brotli",
            "browser_check",
            "email_obfuscation",
            "http2",
            "http3",
            "ip_geolocation",
            "ipv6",
            "opportunistic_encryption",
            "opportunistic_onion",
            "websockets",
        ),
        _SWITCH,
    ),
}
"""Settings with text for a value, and the texts."""


class ZoneSetting(Resource):
    """One setting, by its name in the API."""

    token = "cloudflare:index/zoneSetting:ZoneSetting"  # noqa: S105 - a type
    kind = "zone_setting"
    replaces = frozenset({"zoneId", "settingId"})
    computed = frozenset({"enabled"})
    outputs = frozenset({"editable", "modifiedOn", "timeRemaining"})

    def create(self, inputs: Plain, urn: str) -> Made:
        """A creation is an edit."""
        data = self._edited(inputs)
        return self.put_new(
            str(inputs["settingId"]), data, urn, name=f"{inputs['settingId']}", place=str(inputs["zoneId"])
        )

    def read(self, identity: str, state: Plain) -> Plain | None:
        """In its zone."""
        found = self._found(identity, state)
        return None if found is None else self.visible(found)

    def imported(self, identity: str) -> str:
        """The setting's name, behind its zone's id."""
        zone, separator, setting = identity.partition("/")
        if not separator or "/" in setting:
            form = '"<zone_id>/<setting_id>"'
            raise RefusalError(f'invalid ID: expected urlencoded segments {form}, got "{identity}"')
        if self.world.get(self.kind, setting, place=zone) is None:
            raise refusal("GET", f"zones/{zone}/settings/{setting}", "404 Not Found", 1006, "Undefined zone setting")
        return setting

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """Set another value."""
        data = self._edited(inputs)
        return self.visible(self.world.put(self.kind, identity, data, place=str(state["zoneId"])))

    def delete(self, identity: str, state: Plain) -> None:
        """There is no such call: the value stays."""

    def detail(self, inputs: Plain, state: Plain) -> str:
        """The setting."""
        return str({**state, **inputs}.get("settingId", ""))

    def _found(self, identity: str, state: Plain) -> Item | None:
        place = str(state.get("zoneId") or "")
        return self.world.get(self.kind, identity, place=place) or self.world.find(self.kind, identity)

    def _edited(self, inputs: Plain) -> Plain:
        setting, value = str(inputs["settingId"]), inputs["value"]
        path = f"settings/{setting}"
        zone = zone_of(self.world, inputs, "PATCH", path)
        if setting not in _SETTINGS:
            raise refusal(
                "PATCH", f"zones/{zone['id']}/{path}", "400 Bad Request", 1006, f"Undefined zone setting: {setting}"
            )
        if not isinstance(value, str) or value not in _SETTINGS[setting]:
            message = f"Invalid value for zone setting {setting}"
            raise refusal("PATCH", f"zones/{zone['id']}/{path}", "400 Bad Request", 1007, message)
        return {**self.shown(inputs), "editable": True, "modifiedOn": now(), "timeRemaining": 0}


class AuthenticatedOriginPullsSettings(Resource):
    """Whether Cloudflare shows a client certificate to the origins of the whole zone."""

    token = "cloudflare:index/authenticatedOriginPullsSettings:AuthenticatedOriginPullsSettings"  # noqa: S105 - a type
    kind = "authenticated_origin_pulls_settings"
    replaces = frozenset({"zoneId"})

    def create(self, inputs: Plain, urn: str) -> Made:
        """A creation is an edit."""
        zone = zone_of(self.world, inputs, "PUT", "origin_tls_client_auth/settings")
        return self.put_new(str(zone["id"]), self.shown(inputs), urn, name=str(zone["name"]))

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """Switch it."""
        zone_of(self.world, inputs, "PUT", "origin_tls_client_auth/settings")
        return self.visible(self.world.put(self.kind, identity, {**self.shown(state), **self.shown(inputs)}))

    def delete(self, identity: str, state: Plain) -> None:
        """There is no such call: a switch that is on stays on."""

    def detail(self, inputs: Plain, state: Plain) -> str:
        """On or off."""
        enabled: Any = {**state, **inputs}.get("enabled")
        return "enabled" if enabled else "disabled"
