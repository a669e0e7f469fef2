"""After a kill: the lock and the operations that a run left behind, and how each of them is settled."""

import copy
import json
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import Layout
from sandbox.engine.processes import engine_at_work
from sandbox.engine.voice import Voice
from sandbox.world import World

PATIENCE: Final = 60
"""Seconds to wait for an update of the same stack that is still at work."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """An operation whose end the engine did not live to see."""

    kind: str
    urn: str
    made: str | None = None
    """The id of what it had created by then, if anything."""

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.urn.rpartition("::")[2]

    @property
    def finding(self) -> str:
        """What is done about it."""
        if self.kind != "creating":
            return "the refresh shows how it ended"
        return (
            f"it is there ({self.made}), so it is adopted"
            if self.made
            else "nothing of it is there, so it is made anew"
        )


def stale_locks(layout: Layout, stack: str, voice: Voice) -> bool:
    """Whether the stack is locked by runs that are gone; waits for one that is not. Raises SandboxError if it stays."""
    deadline = time.monotonic() + PATIENCE
    waited = False
    while True:
        locks = [_read(file) for file in layout.locks(stack).glob("*.json")]
        busy = [lock for lock in locks if _at_work(lock)]
        if not busy:
            if waited:
                voice.say(f"the other update of {stack} has ended")
            return bool(locks)
        who = f"process {busy[0].get('pid')} on {busy[0].get('hostname')}, since {busy[0].get('timestamp')}"
        if time.monotonic() > deadline:
            raise SandboxError(
                f"another update of {stack} is at work ({who}); wait for it, end it, or begin anew after "
                "`python -m sandbox down`"
            )
        waited = True
        voice.live(f"waiting for another update of {stack} to end ({who})")
        time.sleep(0.2)


def pending_operations(layout: Layout, stack: str, world: World) -> list[Pending]:
    """The operations that the state calls unfinished, with what the world holds of those that were creating."""
    state = _read(layout.state_file(stack)).get("checkpoint", {}).get("latest") or {}
    known = {(resource["urn"], resource.get("id")) for resource in state.get("resources") or []}
    found = []
    for operation in state.get("pending_operations") or []:
        urn, kind = operation["resource"]["urn"], operation["type"]
        strays = [item.id for item in world.made_by(urn) if (urn, item.id) not in known]
        found.append(Pending(kind=kind, urn=urn, made=strays[-1] if strays and kind == "creating" else None))
    return found


def settled(deployment: dict[str, Any], pending: Iterable[Pending]) -> dict[str, Any]:
    """A stack's state without its unfinished operations, and with what they had created by then.

    The engine's own way, `refresh --import-pending-creates`, drops the operation and imports nothing (seen with
    3.259.0). What replaces another takes its place, and that one waits for its deletion, as in the engine's own states.
    """
    result = copy.deepcopy(deployment)
    resources: list[dict[str, Any]] = result.setdefault("resources", [])
    made = {operation.urn: operation.made for operation in pending if operation.made}
    for operation in result.pop("pending_operations", None) or []:
        resource = operation["resource"]
        if operation["type"] != "creating" or resource["urn"] not in made:
            continue
        adopted = {
            **resource,
            "id": made[resource["urn"]],
            "outputs": resource.get("outputs") or resource.get("inputs", {}),
        }
        places = [place for place, old in enumerate(resources) if old["urn"] == resource["urn"]]
        for place in places:
            resources[place]["delete"] = True
        resources.insert(places[0] if places else len(resources), adopted)
        resources[:] = [
            old for old in resources if not (old["urn"] == resource["urn"] and old.get("pendingReplacement"))
        ]
    return result


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _at_work(lock: dict[str, Any]) -> bool:
    if lock.get("hostname") != socket.gethostname():
        return bool(lock)
    return engine_at_work(int(lock.get("pid", 0)))
