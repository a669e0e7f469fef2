"""Run the Pulumi CLI on a stack of this repository, without a question and with a bounded wait."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.console import Console

PATIENCE: Final = 1800.0
"""Seconds that one command of the CLI may take by default."""
_POLICIES: Final = "policy"
_LAST_WORDS: Final = 2000
"""Characters of the CLI's own error at most."""


class EngineError(Exception):
    """The CLI could not do its work. The text has its reason, and never a secret value."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """How one command of the CLI ended: its stdout, its stderr, its exit status, and the engine's events."""

    stdout: str
    stderr: str
    code: int
    events: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pulumi:
    """The CLI, for one stack.

    Attributes:
        stack: The stack's name; empty for the selected one.
        folder: The folder of `Pulumi.yaml` and of the policy pack.
        patience: Seconds that one command may take.
    """

    stack: str = ""
    folder: Path = field(default_factory=Path.cwd)
    patience: float = PATIENCE

    def preview(self) -> str:
        """Preview an update with the policy pack, and return JSON.

        It is the object that `pulumi preview --json` prints, and more keys: `stack`, the name that was
        given; `policies`, the engine's policy events; `policyPacks`, the versions of the packs that ran.

        Raises:
            EngineError: If there is no preview at all, as without a login. A failed preview is returned.
        """
        return self._as_json("previewing", ["preview", "--json", "--policy-pack", _POLICIES])

    def refresh(self, *, exclude: Sequence[str] = ()) -> str:
        """Compare the state with the clouds without a change, and return JSON as `preview` does.

        Args:
            exclude: Patterns of URNs that are not compared.

        Raises:
            EngineError: If there is no comparison at all.
        """
        left_out = [word for pattern in exclude for word in ("--exclude", pattern)]
        return self._as_json("comparing with the clouds", ["refresh", "--preview-only", "--json", *left_out])

    def export(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return the stack's state.

        Args:
            show_secrets: Whether secrets are in plain text. The result must then not be printed or stored.

        Raises:
            EngineError: If the state cannot be read.
        """
        state: dict[str, Any] = json.loads(
            self.run(["stack", "export", *(["--show-secrets"] if show_secrets else [])]).stdout
        )
        return state

    def config(self, key: str) -> str:
        """Return a value of the stack's config in plain text, also a secret; empty if it is not set.

        Raises:
            EngineError: If the stack or its secrets provider cannot be used.
        """
        try:
            return self.run(["config", "get", key]).stdout.rstrip("\n")
        except EngineError as error:
            if "not found" in str(error):
                return ""
            raise

    def run(self, arguments: Sequence[str]) -> Result:
        """Run one command, and return its result.

        Raises:
            EngineError: If it cannot be started, takes too long, or fails.
        """
        result = self._run("", arguments)
        if result.code:
            raise EngineError(_reason(result, arguments))
        return result

    def _as_json(self, doing: str, arguments: Sequence[str]) -> str:
        if not (self.folder / "Pulumi.yaml").exists():
            raise EngineError(f"{self.folder} has no Pulumi.yaml; start this command in the repository's folder")
        result = self._run(doing, arguments, events=True)
        try:
            content = json.loads(result.stdout)
        except ValueError as error:
            raise EngineError(_reason(result, arguments)) from error
        if self.stack:
            content["stack"] = self.stack
        content["policies"] = [event["policyEvent"] for event in result.events if "policyEvent" in event]
        ends = [event["summaryEvent"] for event in result.events if "summaryEvent" in event]
        content["policyPacks"] = (ends[-1].get("PolicyPacks") or {}) if ends else {}
        return json.dumps(content)

    def _run(self, doing: str, arguments: Sequence[str], *, events: bool = False) -> Result:
        selected = ["--stack", self.stack] if self.stack else []
        with tempfile.TemporaryDirectory(prefix="ops-") as place:  # readable by its owner only
            log, out, err = (Path(place, name) for name in ("events", "stdout", "stderr"))
            command = ["pulumi", "--non-interactive", "--color", "never", *arguments, *selected]
            environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
            if events:  # the CLI hides this option behind the variable; Pulumi's Automation API uses both
                command += ["--event-log", str(log)]
                environment["PULUMI_DEBUG_COMMANDS"] = "true"
            with out.open("wb") as stdout, err.open("wb") as stderr:
                try:
                    process = subprocess.Popen(
                        command,
                        cwd=self.folder,
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        stdout=stdout,
                        stderr=stderr,
                    )
                except OSError as error:
                    raise EngineError(f"pulumi: {error.strerror}; install the Pulumi CLI and put it on PATH") from error
                with process:
                    self._wait(process, doing)
            return Result(
                stdout=out.read_text(errors="replace"),
                stderr=err.read_text(errors="replace"),
                code=process.returncode,
                events=tuple(map(json.loads, log.read_text().splitlines())) if log.exists() else (),
            )

    def _wait(self, process: "subprocess.Popen[bytes]", doing: str) -> None:
        """Wait for the end with a sign of life on a terminal; after `patience` or an interrupt, end the process."""
        console = Console(file=sys.stderr)
        begin = time.monotonic()
        try:
            if doing and console.is_terminal:
                with console.status(f"{doing} {self.stack}".strip()):
                    process.wait(self.patience)
            else:
                if doing:
                    sys.stderr.write(f"{doing} {self.stack}".strip() + " ...\n")
                process.wait(self.patience)
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"pulumi did not end within {time.monotonic() - begin:.0f} s") from error
        finally:
            if process.poll() is None:
                process.terminate()


def _reason(result: Result, arguments: Sequence[str]) -> str:
    """Return the CLI's own words without the prefix `error:`."""
    words = result.stderr.strip() or result.stdout.strip() or f"exit status {result.code}"
    return f"pulumi {arguments[0]}: {words[-_LAST_WORDS:].removeprefix('error: ')}"
