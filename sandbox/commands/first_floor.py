"""What can be seen while the programs of real servers are being built: the same stack, on recorded servers."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sandbox.engine.layout import ROOT, Layout
from sandbox.engine.voice import Voice
from sandbox.nodes.laptop import is_inside
from sandbox.nodes.support import obstacle
from sandbox.tools.binaries import SERVERS, SOURCES

_PATIENCE: Final = 900.0


@contextmanager
def first_floor(arguments: argparse.Namespace, layout: Layout, speaker: Voice) -> Iterator[None]:
    """While the body builds, bring the stack up on records, elsewhere; then show it, and sweep it away."""
    if not _is_worth_it(arguments, layout):
        yield
        return
    speaker.say("meanwhile the same stack comes up on recorded servers; the real ones follow")
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "said").open("w+") as said:
        words = ["--home", f"{folder}/home", "--config-file", str(arguments.config_file.resolve())]
        words += ["--stack", arguments.stack] if arguments.stack else []
        words += ["--generate-secrets"] if arguments.generate_secrets else []
        command = [sys.executable, "-m", "sandbox", "up", "--servers", "recorded", *words]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        try:
            yield
            process.wait(timeout=_PATIENCE)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=60)
        said.seek(0)
        shown = said.read()
        _, made, standing = shown.partition("\nup: ")
        sys.stdout.write(f"on recorded servers, up: {standing}\nnow on real ones\n" if made else shown)
        sys.stdout.flush()


def _is_worth_it(arguments: argparse.Namespace, layout: Layout) -> bool:
    """Whether servers will be real, for the first time, and something is to be built for them."""
    if arguments.servers == "recorded" or is_inside(layout) or layout.servers.exists():
        return False
    missing = [source for source in SOURCES if {*source.binaries} & {*SERVERS} and not source.stands(layout.tools)]
    return bool(missing) and not obstacle(layout.home)
