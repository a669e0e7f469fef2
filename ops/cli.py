"""The command line `python -m ops`. Each folder of this package has its commands in `command.py`."""

import typer

from ops.checks.command import commands as checks
from ops.drift.command import commands as drift
from ops.github.command import commands as github
from ops.preview.command import commands as preview
from ops.ranges.command import commands as ranges
from ops.recovery.command import commands as recovery
from ops.stacks.command import commands as stacks
from ops.visit.command import commands as visit

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Tools for the operators and reviewers of the stack. People and workflows run the same commands.",
    epilog="Start with: python -m ops preview --stack STACK",
)
for commands in (stacks, checks, preview, visit, drift, ranges, recovery, github):
    app.add_typer(commands)
