"""The commands that look into a real server: its console's log, and a shell."""

import argparse
import os
import sys

from sandbox.commands.opening import layout_of
from sandbox.commands.show import tell
from sandbox.engine.errors import SandboxError
from sandbox.nodes.fabric import Fabric
from sandbox.nodes.following import host_of
from sandbox.nodes.machine import Machine
from sandbox.world import World


def logs(arguments: argparse.Namespace) -> None:
    """What a server printed since it was made."""
    tell(_machine(arguments).console.read_text(errors="replace").rstrip())


def shell(arguments: argparse.Namespace) -> None:
    """A shell on a server, as root; does not return."""
    command = [*_machine(arguments).enter(), "/bin/bash", "-l"]
    sys.stdout.flush()
    os.execvp(command[0], command)  # noqa: S606 - a shell is what was asked for


def _machine(arguments: argparse.Namespace) -> Machine:
    """The server of this name, with or without the prefix that its stack gives it."""
    layout = layout_of(arguments)
    items = World(layout.world).objects("server") if layout.world.exists() else []
    for item in items:
        if arguments.node in (item.name, item.name.partition("-")[2]):
            machine = Machine(fabric=Fabric(home=layout.home), host=host_of(item))
            if machine.folder.exists():
                return machine
            raise SandboxError(f"the server {item.name} is a record only; `up --servers real` makes real ones")
    known = ", ".join(sorted(item.name for item in items)) or "none; `python -m sandbox up` makes them"
    raise SandboxError(f"there is no server {arguments.node}; there are: {known}")
