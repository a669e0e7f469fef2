"""Previews by the Pulumi CLI, each in a process of its own, so that the program's imports are part of the time."""

import subprocess
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import ROOT
from sandbox.engine.plain_cli import plain_cli
from sandbox.engine.session import Sandbox

WITH_SDK_CLASSES: Final = """
import components.cloudflare
import pulumi_cloudflare
for kind in components.cloudflare.__all__:
    setattr(components.cloudflare, kind, getattr(pulumi_cloudflare, kind))
"""
"""Precedes the program, which then uses pulumi_cloudflare's own classes."""


@dataclass
class Previews:
    """Previews of one stack, with the program as it is or with some lines before it."""

    sandbox: Sandbox

    def seconds(self, before: str = "", *, pack: bool = True) -> float:
        """Return the seconds that one preview takes.

        Args:
            before: Python that runs before the program.
            pack: Whether the policies judge the preview.

        Raises:
            SandboxError: If the preview fails.
        """
        (self._folder / "__main__.py").write_text(before + (ROOT / "__main__.py").read_text())
        command = ["pulumi", "preview", "--non-interactive", "--stack", self.sandbox.file.stack]
        began = time.perf_counter()
        done = subprocess.run(
            [*command, *(["--policy-pack", "policy"] if pack else [])],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            raise SandboxError(f"a preview failed: {(done.stdout + done.stderr)[-1000:]}")
        return time.perf_counter() - began

    @cached_property
    def _folder(self) -> Path:
        folder = self.sandbox.work_folder()
        (folder / "__main__.py").unlink()
        return folder

    @cached_property
    def _environment(self) -> dict[str, str]:
        return plain_cli(self.sandbox.layout, self.sandbox.engine, [self.sandbox.file.zone])
