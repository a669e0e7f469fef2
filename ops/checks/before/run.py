"""Run the groups of checks, one after another."""

import sys
from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Console

from ops.checks.before import backend, cloudflare, hetzner, machine, stack_file, tools
from ops.checks.before.context import Context
from ops.checks.model import Group, Report, Result

GROUPS: Final[dict[str, Callable[[Context], Iterator[Result]]]] = {
    "Tools": tools.checks,
    "Stack file": stack_file.checks,
    "Backend": backend.checks,
    "This machine": machine.checks,
    "Hetzner": hetzner.checks,
    "Cloudflare": cloudflare.checks,
}


def run(context: Context) -> Report:
    """Run every group and return the report. On a terminal, stderr shows the current group."""
    console = Console(file=sys.stderr)
    groups = []
    for title, checks in GROUPS.items():
        if console.is_terminal:
            with console.status(f"checking: {title}"):
                results = tuple(checks(context))
        else:
            results = tuple(checks(context))
        groups.append(Group(title=title, results=results))
    return Report(stack=context.stack, groups=tuple(groups))
