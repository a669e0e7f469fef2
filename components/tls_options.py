"""Traefik's TLS options: the minimum TLS version, strict SNI, and the CA of client certificates.

The key minTlsVersion of the stack file sets the version. The visitors' minimum at Cloudflare is in zone_settings.py.
"""

from typing import Any


def tls_option(min_tls_version: str, ca_secret: str | None) -> dict[str, Any]:
    """Return a TLSOption's spec: the minimum version, strict SNI, and the CA of client certificates, if required."""
    spec: dict[str, Any] = {"minVersion": f"VersionTLS{min_tls_version.replace('.', '')}", "sniStrict": True}
    if ca_secret is not None:
        spec["clientAuth"] = {"clientAuthType": "RequireAndVerifyClientCert", "secretNames": [ca_secret]}
    return spec
