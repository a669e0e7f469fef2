"""The tokens that the HTTP stand-ins accept, with their permissions, and what the accounts lack."""

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from sandbox.clouds_api.hetzner_catalogue import Catalogue

ZONE_READ: Final = "#zone:read"
DNS_EDIT: Final = "#dns_records:edit"
SSL_EDIT: Final = "#ssl:edit"
SETTINGS_EDIT: Final = "#zone_settings:edit"
ALL: Final = frozenset(
    {ZONE_READ, DNS_EDIT, "#dns_records:read", SSL_EDIT, "#ssl:read", SETTINGS_EDIT, "#zone_settings:read"}
)
"""The permissions that the stack needs, as Cloudflare lists them in a zone. `edit` always comes with `read`."""
_HETZNER_FORM: Final = re.compile(r"[0-9A-Za-z]{64}")
_CLOUDFLARE_FORM: Final = re.compile(r"[0-9A-Za-z_-]{40,80}")


@dataclass(frozen=True, kw_only=True)
class HetznerToken:
    """A project's token."""

    secret: str = field(repr=False)
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class CloudflareToken:
    """A token, owned by a user or by the account.

    Attributes:
        permissions: For every zone, as in a zone's `permissions`.
        listed: Whether a zone's `permissions` show them. Cloudflare calls that list a legacy field.
    """

    secret: str = field(repr=False)
    permissions: frozenset[str] = ALL
    listed: bool = True
    status: Literal["active", "disabled", "expired"] = "active"
    owner: Literal["user", "account"] = "user"


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """One Hetzner project and one Cloudflare account.

    Attributes:
        hetzner: The project's tokens. None accepts every token that the hcloud provider's stand-in accepts.
        cloudflare: The account's tokens. None accepts every token that the cloudflare provider's stand-in accepts.
        zones: The names of zones in the account; those of the world are in it too.
        catalogue: What Hetzner offers.
        visitor: The address from which Cloudflare's trace endpoint sees every client; empty for the client's own.
    """

    hetzner: tuple[HetznerToken, ...] | None = None
    cloudflare: tuple[CloudflareToken, ...] | None = None
    zones: tuple[str, ...] = ()
    catalogue: Catalogue = field(default_factory=Catalogue)
    visitor: str = ""

    def hetzner_token(self, secret: str) -> HetznerToken | None:
        """Return the token with this secret, None if it is unknown."""
        if self.hetzner is None:
            return HetznerToken(secret=secret) if _HETZNER_FORM.fullmatch(secret) else None
        return next((token for token in self.hetzner if token.secret == secret), None)

    def cloudflare_token(self, secret: str) -> CloudflareToken | None:
        """Return the token with this secret, None if it is unknown."""
        if self.cloudflare is None:
            return CloudflareToken(secret=secret) if _CLOUDFLARE_FORM.fullmatch(secret) else None
        return next((token for token in self.cloudflare if token.secret == secret), None)
