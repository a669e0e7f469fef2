"""The zone's TLS settings at Cloudflare: strict TLS to the origin, the visitors' minimum TLS version, HTTPS only."""

import pulumi

from components.cloudflare import ZoneSetting


class ZoneTls(pulumi.ComponentResource):
    """The settings, one resource each."""

    def __init__(
        self, name: str, zone_id: str, min_tls_version: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("honeydue:index:ZoneTls", name, None, opts)
        # the values must be strings: True or 1.2 would pass the preview and fail at `up`
        for setting, value in {"ssl": "strict", "min_tls_version": min_tls_version, "always_use_https": "on"}.items():
            ZoneSetting(
                f"{name}-{setting.replace('_', '-')}",
                zone_id=zone_id,
                setting_id=setting,
                value=value,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
