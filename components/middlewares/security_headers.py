"""The middleware `security-headers`: the headers that Traefik adds to each answer."""

from typing import Any, Final

_YEAR: Final = 365 * 24 * 60 * 60


def security_headers() -> dict[str, Any]:
    """Return the options of Traefik's headers middleware."""
    return {
        "stsSeconds": _YEAR,
        "stsIncludeSubdomains": True,
        "forceSTSHeader": True,
        "frameDeny": True,
        "contentTypeNosniff": True,
        "referrerPolicy": "strict-origin-when-cross-origin",
        "contentSecurityPolicy": "frame-ancestors 'none'; base-uri 'self'; object-src 'none'",
        "permissionsPolicy": "camera=(), geolocation=(), microphone=()",
    }
