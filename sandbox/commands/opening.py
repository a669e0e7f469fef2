"""What each command starts with: the layout, an engine, the plugins, and the stack file as a Sandbox."""

import argparse
import sys

from sandbox.commands.first_floor import first_floor
from sandbox.engine.errors import SandboxError
from sandbox.engine.find import Engine, find, standing_engine
from sandbox.engine.hold import hold, settle
from sandbox.engine.layout import Layout
from sandbox.engine.plugins import install_plugins
from sandbox.engine.session import Sandbox
from sandbox.engine.stack_file import StackFile
from sandbox.engine.voice import Silent, Voice, voice
from sandbox.nodes.laptop import are_real, is_inside, move_in
from sandbox.world import parse_fault


def layout_of(arguments: argparse.Namespace) -> Layout:
    """Where this run keeps its things."""
    return Layout(home=arguments.home.resolve()) if arguments.home else Layout()


def stack_file_of(arguments: argparse.Namespace) -> StackFile:
    """The stack file as asked for."""
    return StackFile.read(arguments.config_file, stack=arguments.stack, generate_secrets=arguments.generate_secrets)


def ready(layout: Layout, speaker: Voice) -> Engine:
    """An engine with our plugins laid out; says which engine it is."""
    layout.tools.mkdir(parents=True, exist_ok=True, mode=0o700)
    settle(layout)
    engine = find(layout.tools, speaker)
    install_plugins(layout)
    speaker.say(f"engine: {engine}")
    return engine


def open_sandbox(
    arguments: argparse.Namespace,
    *,
    stream: bool = True,
    makes: bool = False,
    changes: bool = False,
    quiet: bool = False,
) -> Sandbox:
    """The stack, ready for the engine.

    Args:
        arguments: Of the command line.
        stream: Whether the engine's lines appear on stdout as they come.
        makes: Whether the command may be the first that makes something, and so settles of what kind the servers are.
        changes: Whether the command changes the stack. It then waits for other commands that do.
        quiet: Whether to say nothing about engine and stack, unless an engine must be built first.
    """
    file = stack_file_of(arguments)
    if file.lacking:
        raise SandboxError(f"{file.path} has no {', '.join(file.lacking)}: --generate-secrets makes up what is missing")
    faults = tuple(arguments.fault)
    for fault in faults:
        try:
            parse_fault(fault)
        except ValueError as error:
            raise SandboxError(f"--fault {fault}: {error}") from error
    layout = layout_of(arguments)
    silent = is_inside(layout) or (quiet and standing_engine(layout.tools))
    speaker = Silent() if silent else voice()
    engine = ready(layout, speaker)
    held = hold(layout, speaker) if makes or changes else None
    real = False
    if makes or layout.servers.exists():
        with first_floor(arguments, layout, speaker):
            real = are_real(layout, arguments.servers, speaker)
    speaker.say(f"stack: {file.stack}, from {arguments.config_file}")
    if real and not is_inside(layout):
        move_in(layout, file.operators)
    return Sandbox(
        engine=engine,
        file=file,
        layout=layout,
        faults=faults,
        on_output=_print if stream else None,
        colour="always" if sys.stdout.isatty() else "never",
        voice=voice(),
        real_servers=real,
        held=held,
    )


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
