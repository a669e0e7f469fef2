"""`down`: ends what runs and deletes what lies about, with no say for the engine or its protections."""

import argparse
import shutil
from pathlib import Path

from sandbox.commands.opening import layout_of
from sandbox.commands.show import tell
from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import ROOT, Layout
from sandbox.engine.processes import end, processes
from sandbox.k3s.supply import Supply
from sandbox.nodes.edge_host import EdgeHost
from sandbox.nodes.fabric import Fabric
from sandbox.nodes.machine import machines


def down(arguments: argparse.Namespace) -> None:
    """Everything gone: processes, state, stacks, world, secrets; with --all also engine, plugins and .venv."""
    layout = layout_of(arguments)
    others = layout.home != layout.tools
    if arguments.all and others:
        raise SandboxError(
            "--all takes what all sandboxes share: `down` this one first, then `down --all` without --home"
        )
    if others and not layout.mark.exists() and (found := [path for path in _home_of(layout) if path.exists()]):
        names = ", ".join(path.name for path in found)
        raise SandboxError(
            f"{layout.home} is no sandbox: it has {names}, but no {layout.mark.name}; nothing was removed"
        )
    fabric = Fabric(home=layout.home)
    EdgeHost(fabric=fabric).stop()
    Supply(fabric=fabric, tools=layout.tools).close()
    for machine in machines(fabric):
        tell(f"switching off the server {machine.host}")
        machine.delete()
    fabric.close()
    running = [process.pid for process in processes(layout)]
    if running:
        tell(f"ending processes {', '.join(map(str, running))}")
        end(running)
    gone = [name for path in _home_of(layout) if (name := _remove(path))]
    if arguments.all:
        gone += [name for path in (layout.tools, ROOT / ".venv") if (name := _remove(path))]
    tell(f"removed {', '.join(gone)}" if gone else "nothing was there")


def _home_of(layout: Layout) -> list[Path]:
    """What a sandbox keeps in its home; the engine's own home goes with the default one, which it belongs to."""
    world = sorted(layout.home.glob(f"{layout.world.name}*"))
    own = [layout.pulumi_home] if layout.home == layout.tools else []
    return [
        layout.state,
        layout.stacks,
        layout.cli_home,
        layout.nodes,
        layout.edge,
        layout.servers,
        *world,
        layout.secrets,
        layout.passphrase,
        layout.mark,
        *own,
    ]


def _remove(path: Path) -> str:
    if not path.exists():
        return ""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    return path.name
