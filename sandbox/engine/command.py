"""Runs the engine with exactly the environment that it is given, and stops it gently when its user does."""

import signal
import subprocess
import threading
from collections.abc import Mapping
from typing import IO, Final

from pulumi.automation import OnOutput, PulumiCommand
from pulumi.automation._cmd import CommandResult  # the type that PulumiCommand.run gives, which the package leaves out
from pulumi.automation.errors import create_command_error

from sandbox.engine.find import Engine


class Command(PulumiCommand):
    """The Automation API's way to the engine, without this process's own variables.

    The engine has a process group of its own, so Ctrl-C reaches this process alone and is passed on once: the engine
    then ends what it has begun, keeps its state and gives up its lock. A second Ctrl-C ends it at once.
    """

    def __init__(self, engine: Engine, environment: Mapping[str, str]) -> None:
        self.command = str(engine.path)
        self.version = engine.version
        self.environment: Final = dict(environment)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Runs it to its end; raises the Automation API's CommandError on failure, KeyboardInterrupt if interrupted."""
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env={**self.environment, **additional_env, "PULUMI_AUTOMATION_API": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        ) as process:
            output: list[str] = []
            errors: list[str] = []
            readers = (_reader(process.stdout, output, on_output), _reader(process.stderr, errors, on_error))
            interrupted = _wait(process)
            for reader in readers:
                reader.join()
        if interrupted:
            raise KeyboardInterrupt
        result = CommandResult(stdout="\n".join(output), stderr="\n".join(errors), code=process.returncode)
        if result.code:
            raise create_command_error(result)
        return result


def _reader(stream: IO[str] | None, lines: list[str], tell: OnOutput | None) -> threading.Thread:
    def read() -> None:
        for raw in stream or ():
            line = raw.rstrip()
            lines.append(line)
            if tell:
                tell(line)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _wait(process: subprocess.Popen[str]) -> bool:
    interrupted = False
    while True:
        try:
            process.wait()
        except KeyboardInterrupt:
            interrupted = True
            process.send_signal(signal.SIGINT)
        else:
            return interrupted
