"""Faults on demand: which provider fails, how, and at which of its calls in a run or for which kind of object."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

UNANSWERED: Final = "unanswered"
"""The fault that names a kind of object in place of a call."""

KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "hcloud": ("429", "503", "timeout", "crash", UNANSWERED),
    "cloudflare": ("429", "503", "timeout", "crash", UNANSWERED),
    "kubernetes": ("429", "503", "timeout", "crash", UNANSWERED),
    "command": ("timeout", "crash"),
}
"""The faults of each provider that talks to somebody."""

_FORM: Final = re.compile(r"(?P<provider>[a-z]+):(?P<fault>[a-z0-9]+)@(?P<where>[0-9]+|[a-z_]+)")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    429: too many requests, which all providers retry. 503: retried by cloudflare only. timeout: the request never
    arrives; retried by cloudflare only. crash: the plugin dies before the call takes effect. unanswered: each creation
    of this kind takes effect, and the engine waits for the answer until it is killed.
    """

    provider: str
    fault: str
    call: int = 0
    """Which call of this provider in a run, from 1; creations, reads, updates, deletions and look-ups count."""
    kind: str = ""
    """In place of a call: the kind of the objects, as the world names it."""


def parse_fault(text: str) -> Fault:
    """A fault as it is written: `hcloud:503@7` is a 503 at hcloud's seventh call of a run.

    `hcloud:unanswered@server` leaves each creation of a server without an answer.

    Raises:
        ValueError: what is wrong with it, and what is allowed.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("a fault is PROVIDER:FAULT@CALL, e.g. hcloud:503@7")
    return _checked(found["provider"], found["fault"], found["where"])


def parse_faults(text: str) -> list[Fault]:
    """A JSON list of faults, each as text or as an object with provider, fault and call; nothing for an empty text."""
    found = json.loads(text or "[]")
    if not isinstance(found, list):
        raise ValueError("faults are a JSON list")  # noqa: TRY004 - callers expect one kind of error for bad input
    return [parse_fault(item) if isinstance(item, str) else _from_object(item) for item in found]


def _from_object(item: Mapping[str, Any]) -> Fault:
    try:
        return _checked(str(item["provider"]), str(item["fault"]), str(item["call"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"a fault has provider, fault and call, not {item}") from error


def _checked(provider: str, fault: str, where: str) -> Fault:
    if provider not in KNOWN:
        raise ValueError(f"unknown provider {provider}; known: {', '.join(KNOWN)}")
    if fault not in KNOWN[provider]:
        raise ValueError(f"{provider} has no fault {fault}; known: {', '.join(KNOWN[provider])}")
    if fault == UNANSWERED:
        if where.isdigit():
            raise ValueError(f"{UNANSWERED} names a kind of object, e.g. hcloud:{UNANSWERED}@server")
        return Fault(provider=provider, fault=fault, kind=where)
    if not where.isdigit() or int(where) < 1:
        raise ValueError("calls are counted from 1")
    return Fault(provider=provider, fault=fault, call=int(where))
