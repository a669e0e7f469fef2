"""The sandbox with real servers: the duration of `up` and its steps, memory, and requests per second."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.traffic import CONCURRENCY, HOP, SECONDS, Load, first_node, load, route
from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import ROOT, Layout
from sandbox.engine.voice import Voice
from sandbox.nodes.fabric import Fabric
from sandbox.tools.binaries import VEGETA, ensure
from sandbox.world import World

_STEPS: Final = (
    ("preview, with all policies", r"^preview: "),
    ("servers and cloud-init", r"-boot created"),
    ("host firewalls", r"-ufw-confirm created"),
    ("k3s on all three servers", r"-k3s created"),
    ("API and CRDs ready", r"-kubeconfig created"),
    ("Traefik on all three servers", r"traefik-rollout created"),
    ("routes and DNS", r"^up: "),
    ("application and first request", r"$"),
)
"""Each step ends with the last line of `up` that matches."""


def measure(runs: int, voice: Voice) -> str:
    """A chapter of docs/performance.md.

    Raises:
        SandboxError: when real servers are not available, or a run fails.
    """
    vegeta = ensure(VEGETA.binaries, Layout().tools, voice)["vegeta"]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "sandbox"
        try:
            voice.say("real servers: up of a new sandbox")
            steps = _up(home)
            fabric, world = Fabric(home=home), World(home / "world.sqlite")
            memory = _memory(fabric)
            node = str(first_node(world).data["ipv4Address"])
            with route(fabric, world):
                direct, hop = [], []
                for number in range(runs):
                    voice.say(f"requests: round {number + 1} of {runs}")
                    direct.append(load(vegeta, fabric, node))
                    hop.append(load(vegeta, fabric, HOP[1]))
        finally:
            _down(home)
    return _chapter(steps, memory, direct, hop)


def _up(home: Path) -> dict[str, float]:
    """Seconds of each step."""
    command = [sys.executable, "-m", "sandbox", "up", "--servers", "real", "--home", str(home)]
    began = time.monotonic()
    moments: list[tuple[float, str]] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        moments.extend((time.monotonic() - began, line.rstrip("\n")) for line in process.stdout)
    if process.returncode:
        raise SandboxError("up failed: " + "\n".join(line for _, line in moments[-15:]))
    found: dict[str, float] = {}
    before = 0.0
    for step, pattern in _STEPS:
        ended = max(moment for moment, line in moments if re.search(pattern, line))
        found[step] = ended - before
        before = ended
    return found


def _memory(fabric: Fabric) -> float:
    """MiB of all processes in the sandbox's namespaces, shared pages counted once."""
    own = {fabric.path(host).stat().st_ino for host in fabric.hosts}
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "ns" / "net").stat().st_ino in own:
                found = re.search(r"^Pss: +(\d+) kB", (folder / "smaps_rollup").read_text(), re.MULTILINE)
                total += int(found[1]) if found else 0
        except OSError:
            continue
    return total / 1024


def _chapter(steps: dict[str, float], memory: float, direct: Sequence[Load], hop: Sequence[Load]) -> str:
    whole = sum(steps.values())
    shares = "\n".join(f"| {step} | {seconds:.1f} | {seconds / whole:.0%} |" for step, seconds in steps.items())

    def middle(loads: Sequence[Load], field: str) -> float:
        return float(sorted(getattr(load, field) for load in loads)[len(loads) // 2])

    rows = "\n".join(
        f"| {title} | {middle(direct, field):.1f} | {middle(hop, field):.1f} "
        f"| {middle(hop, field) / middle(direct, field):.2f} |"
        for title, field in (("requests per second", "rate"), ("p50, ms", "p50"), ("p99, ms", "p99"))
    )
    return f"""## The sandbox with real servers

`up` of a new sandbox with prebuilt binaries takes {whole:.0f} s. All its processes then use {memory:.0f} MiB.

| Step of `up` | Seconds | Share |
|---|---|---|
{shares}

vegeta sends requests with the client certificate to Traefik on the host network, over {CONCURRENCY} keep-alive
connections, as fast as Traefik answers, on the same cores. The figures are medians of {len(direct)} runs of
{SECONDS} s each. In the column "With a hop", a TCP proxy in front of Traefik forwards the connections.

| Metric | Direct | With a hop | Hop / direct |
|---|---|---|---|
{rows}
"""


def _down(home: Path) -> None:
    words = [sys.executable, "-m", "sandbox", "down", "--home", str(home)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        raise SandboxError(f"down failed: {done.stderr.strip()[-300:]}")
