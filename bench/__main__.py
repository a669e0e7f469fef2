"""Measure the cost of the program, its previews and the sandbox, and write ratios and medians to docs/performance.md.

python -m bench [--runs N] [--print-only]
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.real import measure
from sandbox.engine.find import find
from sandbox.engine.layout import ROOT, Layout
from sandbox.engine.plugins import install_plugins
from sandbox.engine.processes import end_in_order
from sandbox.engine.session import Sandbox
from sandbox.engine.stack_file import StackFile
from sandbox.engine.voice import Voice, voice
from sandbox.nodes.support import obstacle

REPORT: Final = ROOT / "docs" / "performance.md"
FEW, MANY = 50, 1000


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One comparison: its two measured sides, and the upper limit of the ratio of their medians."""

    title: str
    unit: str
    bound: float
    numerator: tuple[str, Sequence[float]]
    denominator: tuple[str, Sequence[float]]

    @property
    def value(self) -> float:
        """Median over median."""
        return statistics.median(self.numerator[1]) / statistics.median(self.denominator[1])

    @property
    def row(self) -> str:
        """A row of the report's table."""
        sides = [
            f"{name}: {statistics.median(times):.2f} ({min(times):.2f} to {max(times):.2f})"
            for name, times in (self.numerator, self.denominator)
        ]
        return f"| {self.title} | {sides[0]} | {sides[1]} | {self.unit} | **{self.value:.2f}** | {self.bound} |"


def main() -> int:
    """Measure, report, and fail if a ratio exceeds its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=5, help="runs of each side, in alternation (default: 5)")
    parser.add_argument("--print-only", action="store_true", help="do not write docs/performance.md")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs must be at least 1")
    end_in_order()
    say = voice()
    ratios = [imports(arguments.runs, say), previews(arguments.runs, say), growth(arguments.runs, say)]
    ratios += [policies(arguments.runs, say), pack_growth(arguments.runs, say)]
    text = f"{report(ratios, arguments.runs)}\n{servers(arguments.runs, say)}"
    sys.stdout.write(text)
    if not arguments.print_only:
        REPORT.write_text(text)
    return int(any(ratio.value > ratio.bound for ratio in ratios))


def servers(runs: int, say: Voice) -> str:
    """The chapter about real servers, or the reason why this machine has none."""
    why = obstacle(Layout().home)
    if why:
        say.say(f"not measuring real servers: {why}")
        return f"The sandbox with real servers was not measured: {why}.\n"
    return measure(runs, say)


def imports(runs: int, say: Voice) -> Ratio:
    """Program time from the start of Python to the last registration, compared with plain imports."""

    def seconds(kind: str) -> float:
        began = time.time()
        return _run_program(kind, 0)["clock"] - began

    quick, plain = _in_turn("program time", runs, say, lambda: seconds("quick"), lambda: seconds("plain"))
    return Ratio(
        title="Program time, start of Python to last registration (prod)",
        unit="s",
        bound=0.6,
        numerator=("this program", quick),
        denominator=("with plain imports", plain),
    )


def previews(runs: int, say: Voice) -> Ratio:
    """A preview of production on an empty state, compared with one resource of each of the same providers."""
    tools = Layout()
    engine = find(tools.tools, say)
    install_plugins(tools)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        prod = StackFile.read(ROOT / "Pulumi.prod.yaml", generate_secrets=True)
        small = StackFile(path=prod.path, stack="smallest", config={}, generate=("hcloud:token", "cloudflare:apiToken"))
        whole = Sandbox(engine=engine, file=prod, layout=Layout(home=home / "prod"))
        least = Sandbox(
            engine=engine, file=small, layout=Layout(home=home / "least"), main=ROOT / "bench" / "smallest.py"
        )

        def seconds(stack: Sandbox) -> float:
            began = time.perf_counter()
            stack.preview()
            return time.perf_counter() - began

        sides = _in_turn("previews", runs, say, lambda: seconds(whole), lambda: seconds(least), warm=1)
    return Ratio(
        title="Preview on an empty state, with engine and policies",
        unit="s",
        bound=1.5,
        numerator=("prod", sides[0]),
        denominator=("one resource per provider", sides[1]),
    )


def growth(runs: int, say: Voice) -> Ratio:
    """CPU time of the program per resource, with many hosts compared with few."""

    def cost(hosts: int) -> float:
        figures = _run_program("quick", hosts)
        return figures["cpu"] / figures["registrations"] * 1000

    many, few = _in_turn("growth", runs, say, lambda: cost(MANY), lambda: cost(FEW))
    return Ratio(
        title="The program's CPU time per resource",
        unit="ms",
        bound=1.2,
        numerator=(f"{MANY} hosts", many),
        denominator=(f"{FEW} hosts", few),
    )


def policies(runs: int, say: Voice) -> Ratio:
    """A preview of production without changes, with the policies and without them."""
    tools = Layout()
    engine = find(tools.tools, say)
    install_plugins(tools)
    with tempfile.TemporaryDirectory() as folder:
        prod = StackFile.read(ROOT / "Pulumi.prod.yaml", generate_secrets=True)
        judged = Sandbox(engine=engine, file=prod, layout=Layout(home=Path(folder)))
        bare = replace(judged, policies=())
        judged.up()

        def seconds(stack: Sandbox) -> float:
            began = time.perf_counter()
            stack.preview()
            return time.perf_counter() - began

        sides = _in_turn("policies", runs, say, lambda: seconds(judged), lambda: seconds(bare), warm=1)
    return Ratio(
        title="Preview of prod without changes: the policies",
        unit="s",
        bound=1.35,
        numerator=("with the pack", sides[0]),
        denominator=("without", sides[1]),
    )


def pack_growth(runs: int, say: Voice) -> Ratio:
    """CPU time of the policy pack per resource, with many hosts compared with few."""

    def cost(hosts: int) -> float:
        words = [sys.executable, "-m", "bench.policies", str(hosts)]
        run = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True, timeout=600)
        figures = json.loads(run.stdout)
        return float(figures["cpu"] / figures["resources"] * 1000)

    many, few = _in_turn("growth of the pack", runs, say, lambda: cost(MANY), lambda: cost(FEW))
    return Ratio(
        title="The policy pack's CPU time per resource",
        unit="ms",
        bound=1.4,
        numerator=(f"{MANY} hosts", many),
        denominator=(f"{FEW} hosts", few),
    )


def _in_turn(
    title: str, runs: int, say: Voice, first: Callable[[], float], second: Callable[[], float], *, warm: int = 0
) -> tuple[list[float], list[float]]:
    """Run both sides in alternation, so that a slower machine slows both. The first `warm` rounds are not counted."""
    sides: tuple[list[float], list[float]] = ([], [])
    for number in range(runs + warm):
        say.say(f"{title}: round {number + 1} of {runs + warm}")
        for side, take in zip(sides, (first, second), strict=True):
            side.append(take())
    return sides[0][warm:], sides[1][warm:]


def _run_program(kind: str, hosts: int) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-m", "bench.program", kind, "prod", str(hosts)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    return dict(json.loads(run.stdout))


def report(ratios: Sequence[Ratio], runs: int) -> str:
    """The text of docs/performance.md."""
    rows = "\n".join(ratio.row for ratio in ratios)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"""# Performance

`make bench` measures these figures and writes this page. They are medians of {runs} runs, with minimum and maximum in
parentheses, on {machine}. The two sides of a ratio ran alternately.
Only the ratios are comparable with those of another machine.

| Measurement | Measured | Baseline | Unit | Ratio | Limit |
|---|---|---|---|---|---|
{rows}

These parts keep the program time low:

- `components/cloudflare_sdk.py` loads five classes instead of the whole package.
- `components/manifests.py` needs no core types.
- `components/__init__.py` makes the garbage collector run less often.
- `components/sdk_debug.py` omits the SDK's debugging data, which also shortens previews.
"""


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")
