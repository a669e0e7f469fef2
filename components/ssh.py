"""Verified SSH: every connection pins the host key that the program generated, and no output is logged."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_command.remote import Command, ConnectionArgs, Logging

from components import host_programs
from components.lockout import LockoutAdvice

DIAL_LIMIT: Final = 18
DIAL_SECONDS: Final = 2
"""The plugin's retries and its timeout: it gives up after 51 s on a refused connection, and after 89 s on silence.

pulumi-command 1.2 makes one attempt more than the limit. It waits 0.1 s after the first, 1.5 times as long after each
further one, and at most 5 s. The timeout applies to each TCP connection (remote/connection.go).
"""


@dataclass(frozen=True, kw_only=True)
class Reachable:
    """The SSH access to a server: its public IPv4 address, the host key to expect, and the user's private key.

    Attributes:
        lockout: Explains a failed connection.
        after: Resources that must exist before a command can run there.
    """

    host: pulumi.Input[str]
    host_key: pulumi.Input[str]
    user: str
    private_key: pulumi.Input[str]
    lockout: LockoutAdvice
    after: Sequence[pulumi.Resource] = ()

    @property
    def connection(self) -> ConnectionArgs:
        """The connection's arguments, which refuse a server with another host key."""
        return ConnectionArgs(
            host=self.host,
            host_key=self.host_key,
            user=self.user,
            private_key=self.private_key,
            dial_error_limit=DIAL_LIMIT,
            per_dial_timeout=DIAL_SECONDS,
        )


@dataclass(frozen=True, kw_only=True)
class Script:
    """A call of a program of `components/host/`: its verb and its arguments."""

    program: str
    verb: str
    args: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The shell command, one short line."""
        return shlex.join(["sudo", "python3", host_programs.path(self.program), self.verb, *self.args])


def install_programs(
    name: str, server: Reachable, *, server_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> Command:
    """Copy the host programs to a server, once per version and once per server."""
    return _command(
        name,
        server,
        create=host_programs.installation_command(),
        stdin=host_programs.installation_script(),
        triggers=[server_id],
        opts=opts,
    )


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
        server: The server that runs it.
        script: The program that runs at creation and at each change.
        opts: Options; the outputs are made secret here.
        stdin: The program's input: data as JSON, or secrets, which must not travel as arguments.
        on_delete: The program that runs before the resource is deleted.
        triggers: Values whose change replaces the resource instead of updating it.
    """
    return _command(
        name,
        server,
        create=pulumi.Output.from_input(script).apply(lambda known: known.text),
        delete=on_delete.text if on_delete else None,
        stdin=stdin,
        triggers=triggers,
        opts=opts,
    )


def _command(name: str, server: Reachable, *, opts: pulumi.ResourceOptions, **inputs: Any) -> Command:
    own = pulumi.ResourceOptions(
        depends_on=list(server.after),
        additional_secret_outputs=["stdout", "stderr"],
        hooks=pulumi.ResourceHookBinding(on_error=[server.lockout.hook]),
    )
    return Command(
        name,
        connection=server.connection,
        logging=Logging.NONE,
        add_previous_output_in_env=False,  # the default sends the last stdout, perhaps a kubeconfig, to the server
        opts=pulumi.ResourceOptions.merge(opts, own),
        **inputs,
    )
