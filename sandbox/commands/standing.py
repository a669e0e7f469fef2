"""The commands that look and change nothing: export and status."""

import argparse
import json
import sys
from pathlib import Path

from sandbox.commands.opening import layout_of, open_sandbox
from sandbox.commands.show import show_records, show_servers, show_simulated, table, tell
from sandbox.engine.errors import SandboxError, broken
from sandbox.engine.find import standing_engine
from sandbox.engine.layout import REAL
from sandbox.world import World


def export(arguments: argparse.Namespace) -> None:
    """The stack's state as JSON on stdout."""
    sandbox = open_sandbox(arguments, stream=False)
    if not sandbox.stands:
        raise SandboxError(f"there is no stack {sandbox.file.stack} yet: `python -m sandbox up` makes it")
    json.dump(sandbox.export(), sys.stdout, indent=2)
    sys.stdout.write("\n")


def status(arguments: argparse.Namespace) -> None:
    """What stands, in whichever stack; asks neither the engine nor a plugin."""
    layout = layout_of(arguments)
    engine = standing_engine(layout.tools)
    tell(f"engine: {engine or 'none yet; `up` finds or builds one'}")
    if not layout.world.exists():
        tell("Nothing stands: `python -m sandbox up` makes the stack.")
        return
    world = World(layout.world)
    states = {file.stem: _made(file) for file in sorted(layout.states.glob("*.json"))}
    tell("stacks: " + (", ".join(states) or "none"))
    table("What stands", ("kind", "count"), [(kind, str(count)) for kind, count in world.counts().items()])
    show_servers(world)
    show_records(world)
    known = set().union(*states.values())
    left = [item for item in world.objects() if item.urn and (item.urn, item.id) not in known]
    table("Left over: no stack knows these", ("kind", "name", "id"), [(item.kind, item.name, item.id) for item in left])
    show_simulated(real_servers=layout.kind == REAL)


def _made(file: Path) -> set[tuple[str, str]]:
    """The URNs and ids of what a stack's state knows."""
    try:
        latest = json.loads(file.read_text())["checkpoint"].get("latest") or {}
        return {(entry["urn"], entry["id"]) for entry in latest.get("resources") or [] if entry.get("id")}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise broken(file, error) from error
