"""The operator's laptop: whether servers are real in this sandbox, and if so, a start of this program over there."""

import ipaddress
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import REAL, RECORDED, Layout
from sandbox.engine.voice import Voice
from sandbox.nodes.fabric import LAPTOP, Fabric
from sandbox.nodes.support import install, obstacle
from sandbox.tools.binaries import HELM, SERVERS, ensure
from sandbox.tools.charts import given_chart, lay_out
from sandbox.tools.crds import definitions

CHOICES: Final = ("auto", REAL, RECORDED)
_INSIDE: Final = "HONEYDUE_LAPTOP"


def are_real(layout: Layout, asked: str, voice: Voice) -> bool:
    """Whether this sandbox's servers are real: as they were at its first update, then as asked, then as can be.

    Raises:
        SandboxError: when they stand otherwise already, or can't be real here although asked for.
    """
    standing = layout.kind
    if standing and asked not in ("auto", standing):
        raise SandboxError(f"the servers of this sandbox are {standing}; `python -m sandbox down` before another kind")
    if (standing or asked) == RECORDED:
        return False
    why = obstacle(layout.home)
    if why and asked == REAL:
        raise SandboxError(f"no real servers here: {why}")
    if why:
        voice.say(f"servers: recorded, not real: {why}")
        return False
    if not is_inside(layout):
        install(voice)
        try:
            chart = given_chart()
            ensure([*SERVERS, *(HELM.binaries if chart else ())], layout.tools, voice)
            definitions(layout.tools, voice)
            lay_out(chart, layout.tools)
        except SandboxError as error:
            if REAL in (standing, asked):
                raise
            voice.say(f"servers: recorded, not real: {error}")
            return False
        voice.say("servers: real, in namespaces of this machine")
    return True


def is_inside(layout: Layout) -> bool:
    """Whether this process runs on the laptop already."""
    return os.environ.get(_INSIDE) == str(layout.home)


def move_in(layout: Layout, operators: Any) -> None:
    """Start this very command anew on the laptop, at the operators' first addresses; does not return."""
    fabric = Fabric(home=layout.home)
    fabric.open(addresses(operators))
    command = [*fabric.enter(LAPTOP), sys.executable, "-m", "sandbox", *sys.argv[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvpe(command[0], command, {**os.environ, _INSIDE: str(layout.home)})  # noqa: S606 - all of it is ours


def addresses(operators: Any) -> Sequence[str]:
    """One address of each family out of the operators' ranges; what is no range is the program's to refuse."""
    found: dict[int, str] = {}
    for text in operators if isinstance(operators, list) else []:
        try:
            network = ipaddress.ip_network(str(text))
        except ValueError:
            continue
        found.setdefault(network.version, str(network[0 if network.num_addresses == 1 else 1]))
    return list(found.values())
