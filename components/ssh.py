"""Verified SSH: every connection pins the host key that the graph itself made, and nothing that is said gets logged.

What runs on a server is a file of `components/host/`, sent as text and named in the command's first line, so that a
preview shows which program, verb and arguments change.
"""

import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pulumi
from pulumi_command.remote import Command, ConnectionArgs, Logging

_PROGRAMS: Final = Path(__file__).parent / "host"
_DIAL_ATTEMPTS: Final = 60
"""About 260 s of patience for a server that boots (the provider's default of 10 is 11 s)."""


@dataclass(frozen=True, kw_only=True)
class Reachable:
    """A server as SSH sees it: its public address, the host key to expect, and the user's private key."""

    host: pulumi.Input[str]
    host_key: pulumi.Input[str]
    user: str
    private_key: pulumi.Input[str]

    @property
    def connection(self) -> ConnectionArgs:
        """The connection's arguments; a server with another host key is refused."""
        return ConnectionArgs(
            host=self.host,
            host_key=self.host_key,
            user=self.user,
            private_key=self.private_key,
            dial_error_limit=_DIAL_ATTEMPTS,
            per_dial_timeout=15,
        )


@dataclass(frozen=True, kw_only=True)
class Script:
    """A program of `components/host/`, its verb and its arguments."""

    program: str
    verb: str
    args: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The shell command: a comment that names it, then the program itself for the server's Python."""
        words = " ".join([self.program, self.verb, *self.args])
        return f"# honeydue {words}\nsudo python3 -c {shlex.join([source(self.program), self.verb, *self.args])}"


@cache
def source(program: str) -> str:
    """The text of a host program."""
    return (_PROGRAMS / f"{program}.py").read_text(encoding="utf-8")


def run(
    name: str,
    server: Reachable,
    script: pulumi.Input[Script],
    *,
    opts: pulumi.ResourceOptions,
    stdin: pulumi.Input[str] | None = None,
    on_delete: Script | None = None,
    triggers: list[pulumi.Input[str]] | None = None,
) -> Command:
    """Run a host program when it, its input or the connection changes.

    Args:
        name: The resource's name.
        server: Where it runs.
        script: What runs at creation and at each change.
        opts: Options; the outputs are made secret here.
        stdin: What the program reads: data as JSON, or secrets, which must not travel as arguments.
        on_delete: What runs before the resource goes.
        triggers: Values whose change replaces the resource instead of updating it.
    """
    return Command(
        name,
        connection=server.connection,
        create=pulumi.Output.from_input(script).apply(lambda known: known.text),
        delete=on_delete.text if on_delete else None,
        stdin=stdin,
        triggers=triggers,
        logging=Logging.NONE,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["stdout", "stderr"])),
    )
