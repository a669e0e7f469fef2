"""Answers of the host programs for one server: its first boot, its firewall and its recovery document."""

import hashlib
import json
import time
from typing import Any, Final

from components.host import ufw
from sandbox.providers.ssh import Host, instructions

_UFW: Final = "ufw_policy"
DOCUMENT: Final = "recovery_document"
"""The kind of a recorded server's recovery document in the world."""


class FailedError(Exception):
    """A host program failed. The text is its stderr, without the program's name."""


def wait_for_boot(host: Host, arguments: list[str], stdin: str) -> dict[str, Any]:
    """Return done if cloud-init could read the user data."""
    del arguments, stdin
    if not instructions(host.server):
        raise FailedError("cloud-init ended in state error: user data is not a #cloud-config document")
    return {"cloudInit": "done"}


def apply_ufw(host: Host, arguments: list[str], stdin: str) -> dict[str, Any]:
    """Record the policy with a rollback armed; arm none if it equals the confirmed policy."""
    del arguments
    policy = _given(stdin, "ufw")
    try:
        ufw.check(policy)
    except (ufw.UfwError, ValueError, KeyError) as error:
        raise FailedError(str(error)) from error
    digest = ufw.digest(policy)
    state = _state(host)
    confirmed = state.get("confirmed") or {}
    if state.get("phase") == "confirmed" and _rules(confirmed) == _rules(policy):
        _keep(host, {**state, "confirmed": policy, "digest": digest})
        return {"digest": digest, "commands": 0, "rollbackSeconds": 0}
    seconds = int(policy["rollbackSeconds"])
    commands = len(_rules(policy) ^ _rules(confirmed))
    armed = {"phase": "armed", "policy": policy, "digest": digest, "until": time.time() + seconds}
    _keep(host, {"confirmed": confirmed, **armed})
    return {"digest": digest, "commands": commands, "rollbackSeconds": seconds}


def confirm_ufw(host: Host, arguments: list[str], stdin: str) -> dict[str, Any]:
    """Disarm the rollback. Fail if the time is over."""
    del arguments
    wanted, state = _given(stdin, "confirm"), _state(host)
    last = state.get("digest", "none")
    if last != wanted:
        raise FailedError(f"the rules applied last have digest {last}, not {wanted}: run pulumi up again")
    if state["phase"] == "armed" and time.time() > state["until"]:
        _keep(host, {**state, "phase": "rolled back"})
    if _state(host)["phase"] == "rolled back":
        late = "the new rules were not confirmed in time, so this host has its former rules again"
        raise FailedError(f"{late}; check that honeydue:operators lists your address, then run pulumi up again")
    _keep(host, {"phase": "confirmed", "confirmed": state.get("policy") or state["confirmed"], "digest": wanted})
    return {"digest": wanted, "confirmed": True}


def keep_document(host: Host, arguments: list[str], stdin: str) -> dict[str, Any]:
    """Record the recovery document."""
    del arguments
    try:
        json.loads(stdin)
    except ValueError as error:
        raise FailedError("the document on stdin is not JSON; the former document stays") from error
    host.world.put(DOCUMENT, host.server.name, {"text": stdin}, place=host.place, provider="command")
    return {"document": hashlib.sha256(stdin.encode()).hexdigest()[:16]}


def _given(stdin: str, key: str) -> Any:
    try:
        return json.loads(stdin)[key]
    except (KeyError, TypeError, ValueError) as error:
        raise FailedError(f"stdin is not JSON with the key {key}: {error}") from error


def _rules(policy: dict[str, Any]) -> set[str]:
    """Return the defaults and rules of a policy, one text each."""
    defaults = {f"{way} {policy.get(way)}" for way in ("incoming", "outgoing", "routed") if policy}
    return defaults | {json.dumps(rule, sort_keys=True) for rule in policy.get("rules", [])}


def _state(host: Host) -> dict[str, Any]:
    found = host.world.get(_UFW, host.server.name, place=host.place)
    return found.data if found else {}


def _keep(host: Host, state: dict[str, Any]) -> None:
    host.world.put(_UFW, host.server.name, state, place=host.place, provider="command", name=host.server.name)
