"""The commands that plan or change something: setup, preview, up, refresh, destroy."""

import argparse

from sandbox.commands.opening import layout_of, open_sandbox, ready
from sandbox.commands.path import show_path
from sandbox.commands.show import show_drift, show_outputs, show_resources, show_simulated, tell
from sandbox.engine.errors import SandboxError
from sandbox.engine.outcome import Outcome
from sandbox.engine.session import Sandbox
from sandbox.engine.voice import voice
from sandbox.tools.binaries import CLUSTER, ensure
from sandbox.tools.crds import definitions


def setup(arguments: argparse.Namespace) -> None:
    """Find or build the engine, and install the plugins; with --binaries, build the cluster tests' programs too."""
    layout, speaker = layout_of(arguments), voice()
    ready(layout, speaker)
    if arguments.binaries:
        try:
            ensure(CLUSTER, layout.tools, speaker)
            definitions(layout.tools, speaker)
        except SandboxError as error:
            speaker.say(f"the Kubernetes API server is not available: {error}")


def preview(arguments: argparse.Namespace) -> None:
    """Show the changes that `up` would make."""
    sandbox = open_sandbox(arguments)
    outcome = sandbox.preview(diff=arguments.diff, expect_no_changes=arguments.expect_no_changes)
    tell(_summary("preview", outcome))


def up(arguments: argparse.Namespace) -> None:
    """Update the stack to its file, and show its resources and outputs."""
    sandbox = open_sandbox(arguments, makes=True)
    sandbox.cure()
    planned = sandbox.preview()
    tell(_summary("preview", planned))
    if not planned.nothing_changes:
        tell(_summary("up", sandbox.apply()))
        sandbox.deploy()
    show_resources(sandbox.export())
    show_outputs(sandbox.outputs())
    show_simulated(real_servers=sandbox.real_servers)
    if sandbox.real_servers:
        _walk(sandbox)
    if planned.nothing_changes:
        tell("Nothing changes: the stack matches its file.")


def refresh(arguments: argparse.Namespace) -> None:
    """Compare the state with the real resources, update the state, and show the differences."""
    show_drift(open_sandbox(arguments, changes=True).refresh())


def destroy(arguments: argparse.Namespace) -> None:
    """Delete the stack, if its file sets teardown."""
    sandbox = open_sandbox(arguments, changes=True)
    if not sandbox.stands:
        tell(f"Stack {sandbox.file.stack} has no resources.")
        return
    if sandbox.file.teardown:
        tell("The stack file sets teardown: an update removes the protection first.")
        tell(_summary("up", sandbox.up()))
    tell(_summary("destroy", sandbox.destroy()))


def _walk(sandbox: Sandbox) -> None:
    """Show the path of a request to the first host that needs no login or certificate."""
    if sandbox.file.open_hosts:
        show_path(sandbox.layout, sandbox.file.open_hosts[0])
    else:
        tell("No request is shown, because every route needs a password or a certificate.")


def _summary(operation: str, outcome: Outcome) -> str:
    """Return one line with the numbers of resources created, updated, replaced and deleted."""
    form = "to {}" if operation == "preview" else "{}d"
    parts = [f"{count} {form.format(name)}" for name, count in sorted(outcome.changes.items())]
    if outcome.outputs_changed and not parts:
        parts.append("outputs only")
    if unchanged := outcome.summary.get("same"):
        parts.append(f"{unchanged} unchanged")
    return f"{operation}: {', '.join(parts) or 'nothing to do'}"
