"""Read a project of Hetzner Cloud. Source of paths, paging and errors: docs.hetzner.cloud."""

import os
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from ops.clouds.hetzner_objects import (
    Firewall,
    Location,
    Network,
    PlacementGroup,
    PrimaryIp,
    Server,
    ServerType,
    SshKey,
)
from ops.clouds.model import Kind, read
from ops.http import Api, ApiError

ENDPOINT: Final = "https://api.hetzner.cloud/v1"
ENDPOINT_VARIABLE: Final = "HCLOUD_ENDPOINT"
TOKEN_VARIABLE: Final = "HCLOUD_TOKEN"  # noqa: S105 - the name of a variable
PER_PAGE: Final = 50
"""Objects per page; the API allows no more."""
_PAGES: Final = 200
"""Pages of one list at most."""


class Hetzner:
    """One project of Hetzner Cloud. Every method raises ApiError if the API refuses or cannot be reached."""

    def __init__(self, token: str, endpoint: str = "", backoff: float = 1.0) -> None:
        """Prepare requests; nothing is sent yet.

        Args:
            token: The project's API token.
            endpoint: The API's URL; the default is the variable HCLOUD_ENDPOINT, else Hetzner's own.
            backoff: See `ops.http.Api`.
        """
        base = endpoint or os.environ.get(ENDPOINT_VARIABLE) or ENDPOINT
        self._api: Final = Api("Hetzner", base, token, backoff=backoff)

    def servers(self, *, name: str = "", label: str = "") -> list[Server]:
        """Return the servers.

        Args:
            name: Only the server with this name.
            label: Only servers that this label selector matches, such as `stack=prod,role!=agent`.
        """
        return self._owned("servers", Server, name, label)

    def networks(self, *, name: str = "", label: str = "") -> list[Network]:
        """Return the networks, filtered as `servers` does."""
        return self._owned("networks", Network, name, label)

    def firewalls(self, *, name: str = "", label: str = "") -> list[Firewall]:
        """Return the cloud firewalls, filtered as `servers` does."""
        return self._owned("firewalls", Firewall, name, label)

    def primary_ips(self, *, name: str = "", label: str = "") -> list[PrimaryIp]:
        """Return the Primary IPs, filtered as `servers` does."""
        return self._owned("primary_ips", PrimaryIp, name, label)

    def ssh_keys(self, *, name: str = "", label: str = "") -> list[SshKey]:
        """Return the SSH keys, filtered as `servers` does."""
        return self._owned("ssh_keys", SshKey, name, label)

    def placement_groups(self, *, name: str = "", label: str = "") -> list[PlacementGroup]:
        """Return the placement groups, filtered as `servers` does."""
        return self._owned("placement_groups", PlacementGroup, name, label)

    def server_type(self, name: str) -> ServerType | None:
        """Return a server type with its availability, None if there is none with this name."""
        return next(iter(self._list("server_types", ServerType, {"name": name})), None)

    def locations(self) -> list[Location]:
        """Return the locations."""
        return list(self._list("locations", Location, {}))

    def can_write(self) -> bool | None:
        """Return whether the token may change the project; None if the API's answer does not say.

        No request reads a token's permission. This one asks to create an SSH key without its required fields, so it
        cannot create one. The API documents `token_readonly` (403) for a token that may only read, and
        `invalid_input` (422, formerly 400) for the missing fields.
        """
        try:
            self._api.send("POST", "/ssh_keys", body={})
        except ApiError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return False
            if error.status in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST):
                return True
            if error.status in (0, HTTPStatus.UNAUTHORIZED):
                raise
        return None

    def _owned(self, kind: str, model: type[Kind], name: str, label: str) -> list[Kind]:
        wanted = {"name": name, "label_selector": label}
        return list(self._list(kind, model, {key: value for key, value in wanted.items() if value}))

    def _list(self, kind: str, model: type[Kind], query: dict[str, Any]) -> Iterator[Kind]:
        """Yield the objects of all pages."""
        page: int | None = 1
        for _ in range(_PAGES):
            answer = self._api.send("GET", f"/{kind}", query={**query, "page": page, "per_page": PER_PAGE})
            content = answer if isinstance(answer, dict) else {}
            found = content.get(kind)
            if not isinstance(found, list):
                raise ApiError(f"Hetzner: GET /{kind}: the answer has no list `{kind}`")
            for each in found:
                yield read(model, each, f"Hetzner: GET /{kind}")
            page = ((content.get("meta") or {}).get("pagination") or {}).get("next_page")
            if page is None:
                return
        raise ApiError(f"Hetzner: GET /{kind}: more than {_PAGES} pages")
