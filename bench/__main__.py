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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.previews import WITH_SDK_CLASSES, Previews
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
FEW, SOME, MANY = 50, 300, 1000


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


Measure = Callable[[], float]


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
    ratios = [*previews(arguments.runs, say), collector(arguments.runs, say)]
    ratios += [growth(arguments.runs, say), pack_growth(arguments.runs, say)]
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


def previews(runs: int, say: Voice) -> list[Ratio]:
    """Previews of production: the gain of our own classes on an empty state, the cost of the policies on a full one.

    The previews with and without something run in alternation.
    """
    engine = find(Layout().tools, say)
    install_plugins(Layout())
    with tempfile.TemporaryDirectory() as folder:
        file = StackFile.read(ROOT / "Pulumi.prod.yaml", generate_secrets=True)
        sandbox = Sandbox(engine=engine, file=file, layout=Layout(home=Path(folder)))
        preview = Previews(sandbox)

        def compared(title: str, bound: float, one: tuple[str, Measure], other: tuple[str, Measure]) -> Ratio:
            sides = _in_turn(title, runs, say, one[1], other[1], warm=1)
            return Ratio(
                title=title, unit="s", bound=bound, numerator=(one[0], sides[0]), denominator=(other[0], sides[1])
            )

        found = [
            compared(
                "Preview of prod: `components/cloudflare.py`",
                0.9,
                ("own classes", preview.seconds),
                ("pulumi_cloudflare's", lambda: preview.seconds(WITH_SDK_CLASSES)),
            ),
        ]
        sandbox.up()
        found.append(
            compared(
                "Preview of prod without changes: the policies",
                1.35,
                ("with the pack", preview.seconds),
                ("without", lambda: preview.seconds(pack=False)),
            )
        )
    return found


def collector(runs: int, say: Voice) -> Ratio:
    """CPU time of the program per resource, with the thresholds of its garbage collector and with Python's."""
    own, default = _in_turn("collector", runs, say, lambda: _cost(SOME), lambda: _cost(SOME, "--default-collector"))
    return Ratio(
        title=f"The program's CPU time per resource, {SOME} hosts",
        unit="ms",
        bound=0.9,
        numerator=("thresholds of `components/__init__.py`", own),
        denominator=("Python's", default),
    )


def growth(runs: int, say: Voice) -> Ratio:
    """CPU time of the program per resource, with many hosts compared with few."""
    many, few = _in_turn("growth", runs, say, lambda: _cost(MANY), lambda: _cost(FEW))
    return Ratio(
        title="The program's CPU time per resource",
        unit="ms",
        bound=1.2,
        numerator=(f"{MANY} hosts", many),
        denominator=(f"{FEW} hosts", few),
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
    title: str, runs: int, say: Voice, first: Measure, second: Measure, *, warm: int = 0
) -> tuple[list[float], list[float]]:
    """Run both sides in alternation, so that a slower machine slows both. The first `warm` rounds are not counted."""
    sides: tuple[list[float], list[float]] = ([], [])
    for number in range(runs + warm):
        say.say(f"{title}: round {number + 1} of {runs + warm}")
        for side, take in zip(sides, (first, second), strict=True):
            side.append(take())
    return sides[0][warm:], sides[1][warm:]


def _cost(hosts: int, *options: str) -> float:
    """Return the milliseconds of CPU time that the program takes per resource."""
    run = subprocess.run(
        [sys.executable, "-m", "bench.program", "prod", str(hosts), *options],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    )
    figures = json.loads(run.stdout)
    return float(figures["cpu"]) / int(figures["registrations"]) * 1000


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

Each preview is a process of its own, as with `make preview`. The speed-ups:

- `components/cloudflare.py` has five classes of its own, because pulumi_cloudflare imports all of its modules at once.
- `components/__init__.py` makes the garbage collector run less often.

Kubernetes objects are plain manifests (`components/manifests.py`), so that no core types are imported.
"""


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")
