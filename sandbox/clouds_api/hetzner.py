"""Hetzner Cloud's read API. Source of paths, shapes and errors: docs.hetzner.cloud, hcloud-go 2.47 (hcloud/schema)."""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from sandbox.clouds_api import hetzner_objects as objects
from sandbox.clouds_api.accounts import Accounts
from sandbox.clouds_api.answers import Answer, Request, page_of
from sandbox.clouds_api.labels import selects
from sandbox.world import World

_LARGEST: Final = 50
_DEFAULT: Final = 25
_PER_HOUR: Final = 3600
_LISTS: Final[dict[str, Callable[[World], list[dict[str, Any]]]]] = {
    "servers": objects.servers,
    "networks": objects.networks,
    "firewalls": objects.firewalls,
    "primary_ips": objects.primary_ips,
    "ssh_keys": objects.ssh_keys,
    "placement_groups": objects.placement_groups,
}


class HetznerApi:
    """The API of one project."""

    name: Final = "hetzner"
    base: Final = "/v1"

    def __init__(self, world: World, accounts: Accounts) -> None:
        self._world = world
        self._accounts = accounts

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        token = self._accounts.hetzner_token(request.token)
        if token is None:
            return _error(HTTPStatus.UNAUTHORIZED, "unauthorized", "unable to authenticate")
        if request.method != "GET" and token.read_only:
            return _error(HTTPStatus.FORBIDDEN, "token_readonly", "token is only allowed to perform GET requests")
        if (request.method, request.path) == ("POST", "/ssh_keys"):
            return _refused_key(request.body)
        items = self._items(request.parts) if request.method == "GET" else None
        if items is None:
            return _error(HTTPStatus.NOT_FOUND, "not_found", f"{request.method} {request.path} is not simulated")
        return self._list(request.parts[0], items, request.query)

    def fault(self, status: int) -> Answer:
        """Answer with an error that has nothing to do with the request. Hetzner sends no `Retry-After`."""
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            limits = {
                "RateLimit-Limit": str(_PER_HOUR),
                "RateLimit-Remaining": "0",
                "RateLimit-Reset": str(int(time.time()) + 1),
            }
            return _error(status, "rate_limit_exceeded", f"limit of {_PER_HOUR} requests per hour reached", limits)
        return _error(status, "unavailable", "a service or product is currently not available")

    def _items(self, parts: tuple[str, ...]) -> list[dict[str, Any]] | None:
        match parts:
            case ("server_types",):
                return self._accounts.catalogue.list_types()
            case ("locations",):
                return self._accounts.catalogue.list_locations()
            case (kind,) if kind in _LISTS:
                return _LISTS[kind](self._world)
        return None

    def _list(self, kind: str, items: list[dict[str, Any]], query: Mapping[str, str]) -> Answer:
        try:
            if query.get("name"):
                items = [item for item in items if item["name"] == query["name"]]
            if query.get("label_selector"):
                items = [item for item in items if selects(query["label_selector"], item.get("labels") or {})]
            page = page_of(items, query, default=_DEFAULT, largest=_LARGEST)
        except ValueError as error:
            return _error(HTTPStatus.BAD_REQUEST, "invalid_input", f"invalid input: {error}")
        pagination = {
            "page": page.number,
            "per_page": page.size,
            "previous_page": page.number - 1 if page.number > 1 else None,
            "next_page": page.number + 1 if page.number < page.last else None,
            "last_page": page.last,
            "total_entries": page.total,
        }
        return Answer(body={kind: page.items, "meta": {"pagination": pagination}})


def _refused_key(body: Any) -> Answer:
    """Refuse to create an SSH key: for missing fields as the API does, else because that is not simulated."""
    given = body if isinstance(body, dict) else {}
    missing = [name for name in ("name", "public_key") if not given.get(name)]
    if not missing:
        return _error(HTTPStatus.NOT_IMPLEMENTED, "unsupported_error", "creating an SSH key is not simulated")
    details = {"fields": [{"name": name, "messages": ["Missing data for required field."]} for name in missing]}
    message = f"invalid input in fields {', '.join(repr(name) for name in missing)}"
    return _error(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", message, details=details)


def _error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, details: Any = None
) -> Answer:
    return Answer(
        status=status,
        body={"error": {"code": code, "message": message, "details": details}},
        headers=headers or {},
    )
