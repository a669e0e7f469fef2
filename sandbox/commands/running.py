"""The command `run`: any command, such as `pulumi preview`, with the sandbox's clouds in place of the real ones."""

import argparse
import subprocess
from pathlib import Path

from sandbox.commands.opening import open_sandbox
from sandbox.engine.errors import SandboxError
from sandbox.engine.plain_cli import plain_cli, zones_in


def run(arguments: argparse.Namespace) -> None:
    """Run the command, and end with its exit status."""
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise SandboxError("run: the command is missing; write it after --, such as: run -- pulumi preview")
    sandbox = open_sandbox(arguments, quiet=True)
    folder = sandbox.work_folder() if arguments.in_stack else Path.cwd()
    environment = plain_cli(sandbox.layout, sandbox.engine, [sandbox.file.zone, *zones_in(folder)])
    try:
        done = subprocess.run(command, cwd=folder, env={**environment, **sandbox.variables}, check=False)
    except OSError as error:
        raise SandboxError(f"{command[0]}: {error.strerror}") from error
    raise SystemExit(done.returncode)
