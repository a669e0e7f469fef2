"""The command `run`: any command, such as `pulumi preview`, with the sandbox's clouds in place of the real ones."""

import argparse
import subprocess
from pathlib import Path

from sandbox.clouds_api.serving import clouds_variables
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
    zones = [sandbox.file.zone, *zones_in(folder)]
    environment = {**plain_cli(sandbox.layout, sandbox.engine, zones), **sandbox.variables}
    try:
        with clouds_variables(sandbox.layout, zones) as clouds:
            done = subprocess.run(command, cwd=folder, env={**environment, **clouds}, check=False)
    except OSError as error:
        raise SandboxError(f"{command[0]}: {error.strerror}") from error
    raise SystemExit(done.returncode)
