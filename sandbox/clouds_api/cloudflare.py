"""Cloudflare's read API. Source of paths and shapes: developers.cloudflare.com/api (v4)."""

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from sandbox.clouds_api import cloudflare_objects as objects
from sandbox.clouds_api.accounts import ZONE_READ, Accounts, CloudflareToken
from sandbox.clouds_api.answers import Answer, Page, Request, page_of
from sandbox.providers.cloudflare_shared import zones
from sandbox.world import World

_ZONES_AT_MOST: Final = 50
_RECORDS_AT_MOST: Final = 5_000_000
_ERROR: Final[dict[str, tuple[int, str]]] = {
    "token": (1000, "Invalid API Token"),
    "access": (9109, "Invalid access token"),
    "scope": (10000, "Authentication error"),
    "resource": (9109, "Unauthorized to access requested resource"),
    "busy": (971, "Please wait and consider throttling your request speed"),
    "down": (10001, "Service temporarily unavailable"),
    "paging": (1003, "Invalid page or per_page"),
    "setting": (1006, "Undefined zone setting"),
    "certificates": (1002, "zone_id is required"),
}


class RefusedError(Exception):
    """A request that the API refuses."""

    def __init__(self, status: int, kind: str, more: str = "") -> None:
        super().__init__(kind)
        code, message = _ERROR[kind]
        self.answer = _failure(status, code, message + more)


class CloudflareApi:
    """The API of one account."""

    name: Final = "cloudflare"
    base: Final = "/client/v4"

    def __init__(self, world: World, accounts: Accounts) -> None:
        self._world = world
        self._accounts = accounts

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        if request.method != "GET":
            return self._unknown(request)
        if request.parts == ("ips",):
            return _success(objects.ranges(self._world))
        token = self._accounts.cloudflare_token(request.token)
        try:
            return self._answer(request, token) or self._unknown(request)
        except RefusedError as refusal:
            return refusal.answer
        except ValueError:
            return RefusedError(HTTPStatus.BAD_REQUEST, "paging").answer

    def fault(self, status: int) -> Answer:
        """Answer with an error that has nothing to do with the request."""
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            answer = RefusedError(status, "busy").answer
            return Answer(status=status, body=answer.body, headers={"Retry-After": "1"})
        return RefusedError(status, "down").answer

    def _answer(self, request: Request, token: CloudflareToken | None) -> Answer | None:
        match request.parts:
            case ("user", "tokens", "verify"):
                return _verified(token, "user")
            case ("accounts", objects.ACCOUNT, "tokens", "verify"):
                return _verified(token, "account")
        if token is None or token.status != "active":
            raise RefusedError(HTTPStatus.FORBIDDEN, "access")
        match request.parts:
            case ("zones",):
                return self._zones(request, token)
            case ("certificates",):
                return self._certificates(request, token)
            case ("zones", zone, *rest) if any(each["id"] == zone for each in self._known_zones()):
                return self._in_zone(zone, rest, request, token)
        return None

    def _known_zones(self) -> list[dict[str, Any]]:
        return zones(self._world, self._accounts.zones)

    def _zones(self, request: Request, token: CloudflareToken) -> Answer:
        if ZONE_READ not in token.permissions:
            raise RefusedError(HTTPStatus.FORBIDDEN, "resource")
        shown = sorted(token.permissions) if token.listed else []
        found = [objects.zone(each, shown) for each in self._known_zones()]
        wanted = request.query.get("name")
        return _listed(request, [each for each in found if wanted in (None, each["name"])], 20, _ZONES_AT_MOST)

    def _in_zone(self, zone: str, rest: Sequence[str], request: Request, token: CloudflareToken) -> Answer | None:
        match rest:
            case ["dns_records"]:
                _require(token, "dns_records", "scope")
                records = objects.dns_records(self._world, zone)
                wanted = request.query.get("name", "").lower()
                return _listed(
                    request, [each for each in records if wanted in ("", each["name"])], 100, _RECORDS_AT_MOST
                )
            case ["settings", name]:
                _require(token, "zone_settings", "resource")
                setting = objects.setting(self._world, zone, name)
                if setting is None:
                    raise RefusedError(HTTPStatus.BAD_REQUEST, "setting", f": {name}")
                return _success(setting)
            case ["origin_tls_client_auth"]:
                _require(token, "ssl", "scope")
                found = objects.pulls_certificates(self._world, zone)
                return _success(found)
            case ["origin_tls_client_auth", "settings"]:
                _require(token, "ssl", "scope")
                return _success(objects.pulls_switch(self._world, zone))
        return None

    def _certificates(self, request: Request, token: CloudflareToken) -> Answer:
        _require(token, "ssl", "scope")
        named = {each["id"]: str(each["name"]) for each in self._known_zones()}
        zone = request.query.get("zone_id", "")
        if zone not in named:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "certificates")
        return _listed(request, objects.origin_certificates(self._world, named[zone]), 20, _ZONES_AT_MOST)

    def _unknown(self, request: Request) -> Answer:
        message = f"Could not route to {self.base}{request.path}, perhaps your object identifier is invalid?"
        return _failure(HTTPStatus.NOT_FOUND, 7003, message)


def _require(token: CloudflareToken, subject: str, refusal: str) -> None:
    if not token.permissions & {f"#{subject}:read", f"#{subject}:edit"}:
        raise RefusedError(HTTPStatus.FORBIDDEN, refusal)


def _verified(token: CloudflareToken | None, owner: str) -> Answer:
    if token is None or token.owner != owner:
        raise RefusedError(HTTPStatus.UNAUTHORIZED, "token")
    identity = hashlib.sha256(token.secret.encode()).hexdigest()[:32]
    return _success({"id": identity, "status": token.status})


def _listed(request: Request, items: Sequence[Any], default: int, largest: int) -> Answer:
    page = page_of(items, request.query, default=default, largest=largest)
    return _success(page.items, page)


def _success(result: Any, page: Page | None = None) -> Answer:
    body = {"success": True, "errors": [], "messages": [], "result": result}
    if page is not None:
        body["result_info"] = {
            "page": page.number,
            "per_page": page.size,
            "count": len(page.items),
            "total_count": page.total,
            "total_pages": page.last,
        }
    return Answer(body=body)


def _failure(status: int, code: int, message: str) -> Answer:
    body = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return Answer(status=status, body=body)
