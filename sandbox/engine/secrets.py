"""Secrets for a stack that has none of its own: of the real ones' shape, worth nothing, kept beside the state."""

import base64
import hashlib
import json
import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from sandbox.engine.environment import write_private
from sandbox.engine.errors import broken
from sandbox.engine.layout import Layout

ADMIN_PASSWORD: Final = "admin password"  # noqa: S105 - the name under which it is kept
_LETTERS: Final = string.ascii_letters + string.digits


@dataclass(frozen=True, kw_only=True)
class Generated:
    """One stack's secrets by config key, and which of them are new."""

    values: dict[str, str]
    fresh: frozenset[str]


def generate(layout: Layout, stack: str, keys: Iterable[str]) -> Generated:
    """The stack's secrets of these keys: those kept from an earlier run, and new ones for the rest."""
    kept = _read(layout)
    mine = kept.setdefault(stack, {})
    keys = list(keys)
    fresh = [key for key in keys if key not in mine]
    for key in fresh:
        mine.update(_MAKERS[key]())
    if fresh:
        write_private(layout.secrets, json.dumps(kept, indent=2))
    return Generated(values={key: mine[key] for key in keys}, fresh=frozenset(fresh))


def known() -> tuple[str, ...]:
    """The config keys whose secrets can be made here: all that the program requires."""
    return tuple(_MAKERS)


def _read(layout: Layout) -> dict[str, dict[str, str]]:
    if not layout.secrets.exists():
        return {}
    try:
        kept: dict[str, dict[str, str]] = json.loads(layout.secrets.read_text())
    except ValueError as error:
        raise broken(layout.secrets, "it is no JSON") from error
    return kept


def _token(key: str, length: int) -> Callable[[], dict[str, str]]:
    return lambda: {key: "".join(secrets.choice(_LETTERS) for _ in range(length))}


def _admin() -> dict[str, str]:
    """One htpasswd line in the SHA form, which Traefik reads and the standard library can make.

    Unsalted SHA-1 is weak for a person's password; this one is 32 random letters.
    """
    password = "".join(secrets.choice(_LETTERS) for _ in range(32))
    digest = base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()  # noqa: S324 - the htpasswd format's own
    return {"honeydue:adminUsers": f"admin:{{SHA}}{digest}", ADMIN_PASSWORD: password}


_MAKERS: Final[dict[str, Callable[[], dict[str, str]]]] = {
    "hcloud:token": _token("hcloud:token", 64),
    "cloudflare:apiToken": _token("cloudflare:apiToken", 40),
    "honeydue:adminUsers": _admin,
}
