"""The sandbox's commands, their options, and how they end: a number for the shell, and one clear message on failure."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from sandbox.commands.ending import down
from sandbox.commands.running import run
from sandbox.commands.servers import logs, shell
from sandbox.commands.standing import export, status
from sandbox.commands.update import destroy, preview, refresh, setup, up
from sandbox.commands.visiting import curl
from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import ROOT
from sandbox.engine.processes import end_in_order
from sandbox.nodes.laptop import CHOICES

Handler = Callable[[argparse.Namespace], None]

INTERRUPTED: Final = 130
"""The shell's own number for a command ended by Ctrl-C."""


class Entry(NamedTuple):
    """A command: what it does, in a few words and in a sentence."""

    handler: Handler
    summary: str
    description: str


COMMANDS: Final[dict[str, Entry]] = {
    "up": Entry(
        up,
        "make what the stack file says",
        "Previews, so that every policy judges; then updates. After a failure or a kill it goes on where it stopped.",
    ),
    "preview": Entry(preview, "show what `up` would do", "Changes nothing. Every policy judges the whole graph."),
    "refresh": Entry(
        refresh,
        "compare the state with what stands",
        "Takes over what was changed behind the engine's back and lists it; the next `up` puts it right.",
    ),
    "destroy": Entry(
        destroy,
        "take the stack down",
        "Refused unless the stack file says `honeydue:teardown: true`, which lifts all protection; `down` just sweeps.",
    ),
    "export": Entry(
        export, "print the stack's state", "JSON on stdout and nothing else there; secrets stay encrypted."
    ),
    "status": Entry(
        status, "show what stands", "Counts, servers, DNS records, what is simulated and what is left over."
    ),
    "run": Entry(
        run,
        "run a command with the sandbox's clouds",
        "Such as `run -- pulumi preview`: the Pulumi CLI itself, in the current directory, with the sandbox's "
        "providers, backend and passphrase in place of the operator's own.",
    ),
    "curl": Entry(
        curl,
        "send a request as a visitor",
        "Through Cloudflare's edge; with --from straight to a server, as anybody else. curl's options come last.",
    ),
    "logs": Entry(logs, "print a server's console", "What a real server printed from its first boot on."),
    "shell": Entry(shell, "open a shell on a server", "As root, on a real server."),
    "down": Entry(
        down,
        "sweep everything away",
        "Ends what runs and deletes state, stacks and world. Keeps what was costly to make, unless --all is given.",
    ),
    "setup": Entry(
        setup,
        "find or build the engine",
        "What the other commands do first, by themselves: finds an engine or makes one, and lays the plugins out.",
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit status."""
    parsed = _parser().parse_args(arguments)
    end_in_order()
    handler: Handler = parsed.handler
    try:
        handler(parsed)
        sys.stdout.flush()
    except SandboxError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command again goes on from here\n")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # a home that can be none, a full disk
        sys.stderr.write(f"error: {error.filename or 'this machine'}: {error.strerror or error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="The stack on this machine: the real engine, program and policies over stand-ins for the clouds.",
        epilog="`COMMAND --help` tells more. Start with: python -m sandbox up",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    common = _common()
    for name, (handler, summary, description) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=description, parents=[common])
        command.set_defaults(handler=handler)
        if name == "preview":
            command.add_argument("--diff", action="store_true", help="show each property that changes")
            command.add_argument("--expect-no-changes", action="store_true", help="fail if anything would change")
        if name == "curl":
            command.add_argument("--from", dest="source", metavar="ADDRESS", help="from here, and not through the edge")
            command.add_argument("--node", metavar="NODE", help="with --from: the server asked (default: the first)")
            command.add_argument("url", metavar="URL")
            command.add_argument("options", nargs=argparse.REMAINDER, metavar="...", help="for curl itself")
        if name == "run":
            command.add_argument("--in-stack", action="store_true", help="in the work folder of the sandbox's stack")
            command.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...", help="the command")
        if name in ("logs", "shell"):
            command.add_argument("node", metavar="NODE", help="the server's name")
        if name == "setup":
            command.add_argument("--binaries", action="store_true", help="build a Kubernetes API server for the tests")
        if name == "down":
            command.add_argument("--all", action="store_true", help="engine, plugins and .venv too")
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--config-file",
        type=Path,
        default=ROOT / "Pulumi.sandbox.yaml",
        metavar="F",
        help="the stack file (default: Pulumi.sandbox.yaml); it is read, never changed",
    )
    common.add_argument("--stack", metavar="NAME", help="the stack's name (default: NAME of Pulumi.NAME.yaml)")
    common.add_argument(
        "--generate-secrets",
        action="store_true",
        help="make up every secret that the file lacks, as `sandbox:secrets` in the file does for those it lists",
    )
    common.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="SPEC",
        help="make the clouds fail (repeatable), e.g. hcloud:503@7 for hcloud's seventh call; see sandbox/faults.py",
    )
    common.add_argument(
        "--servers",
        choices=CHOICES,
        default="auto",
        help="real ones in namespaces (Linux, root), or records only (default: auto, real where they can be)",
    )
    common.add_argument(
        "--home",
        type=Path,
        metavar="DIR",
        help="where state and world lie (default: .sandbox); another folder is another sandbox",
    )
    return common
