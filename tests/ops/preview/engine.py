"""Save previews of the real engine as `pulumi preview --json` prints them."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
import pytest
import yaml
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

from components import host_programs
from ops.preview.reading import Preview, parse
from ops.preview.summary import Summary, summarise
from sandbox.engine.environment import engine_environment
from sandbox.engine.layout import ROOT
from sandbox.engine.session import program
from tests.engine.conftest import Edits, Sandboxes
from tests.stack_files import stack_config

ZONE: Final = str(stack_config("sandbox")["honeydue:zone"])


@dataclass(frozen=True, kw_only=True)
class Saved:
    """The output of one `pulumi preview --json`, and the engine's exit status."""

    text: str
    code: int

    @property
    def preview(self) -> Preview:
        """As the summary reads it."""
        return parse(self.text)

    @property
    def summary(self) -> Summary:
        """The summary."""
        return summarise(self.preview)

    @property
    def sentences(self) -> list[str]:
        """All items, loud ones first."""
        return [item.text for part in (self.summary.loud, *self.summary.groups) for item in part.items]


@contextmanager
def language_host(main: Path) -> Iterator[str]:
    """The address of a language host that runs a program in this process."""
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program(main)), server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield address
    finally:
        server.stop(grace=None).wait(10)


def save(box: Sandboxes, edits: Edits, main: Path = ROOT / "__main__.py") -> Saved:
    """Run `pulumi preview --json` with these edits of the stack file."""
    stack = box(edits)
    with closing(stack.world), language_host(main) as address:
        folder = Path(stack._stack.workspace.work_dir)
        project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
        project["runtime"] = {"name": "client", "options": {"address": address}}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        done = subprocess.run(
            [box.engine.path, "--non-interactive", "preview", "--json", "--policy-pack", str(ROOT / "policy")],
            cwd=folder,
            env={**engine_environment(box.layout), "HONEYDUE_SANDBOX_ZONES": ZONE},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    return Saved(text=done.stdout, code=done.returncode)


@contextmanager
def another_version(changed: str) -> Iterator[None]:
    """Meanwhile the program has another text of one host program."""
    source, texts = host_programs.source, (host_programs.stem, host_programs._programs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host_programs, "source", lambda name: source(name) + "# new\n" * (name == changed))
        for cached in texts:
            cached.cache_clear()
        yield
    for cached in texts:
        cached.cache_clear()
