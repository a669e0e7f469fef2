"""The command `ranges update`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from components.cloudflare_ranges import SNAPSHOT, Ranges, read
from ops.ending import refuse
from ops.formats import Format
from ops.http import ApiError
from ops.ranges.published import Difference, RefusedError, published
from ops.ranges.snapshot import write

commands = typer.Typer()
_ranges = typer.Typer(no_args_is_help=True, help="The repository's snapshot of Cloudflare's ranges.")
commands.add_typer(_ranges, name="ranges")


@_ranges.callback()
def _group() -> None:
    """Keep `update` a subcommand: typer would merge a single command into its group."""


@_ranges.command(
    epilog="Examples:\n\n"
    "python -m ops ranges update\n\n"
    "python -m ops ranges update --check --format markdown\n\n"
    "The list is refused if a range is reserved or too broad, if a family has more than 5 new ranges or more than "
    "twice its addresses, or if less than half of its addresses stay. Nothing is written then.\n\n"
    "CLOUDFLARE_BASE_URL replaces https://api.cloudflare.com/client/v4. No token is needed.\n\n"
    "Exit status: 0 if the file is up to date or was updated, 1 if the list was refused or if --check found a "
    "difference, 2 if the list or the file could not be read, or the file could not be written."
)
def update(
    check: Annotated[bool, typer.Option("--check", help="Only compare; write nothing.")] = False,
    form: Annotated[Format, typer.Option("--format", help="markdown is for the text of a pull request.")] = (
        Format.TERMINAL
    ),
    file: Annotated[
        Path, typer.Option("--file", metavar="FILE", show_default=f"components/{SNAPSHOT.name}", help="The snapshot.")
    ] = SNAPSHOT,
) -> None:
    """Fetch the ranges that Cloudflare publishes, and rewrite the snapshot if they are valid and differ."""
    trusted = _trusted(file)
    try:
        difference, refusal = _compare(trusted, file, check=check), ""
    except RefusedError as error:
        difference, refusal = Difference(added=(), withdrawn=()), str(error)
    sys.stdout.write(_rendered(form, difference, refusal, check=check))
    raise typer.Exit(1 if refusal or (check and difference) else 0)


def _trusted(file: Path) -> Ranges:
    try:
        return read(file)
    except OSError as error:
        refuse(f"{file}: {error.strerror}; --file takes the snapshot's file, {SNAPSHOT.name}")
    except ValueError as error:
        refuse(f"{file}: {error}; restore the file from the repository")


def _compare(trusted: Ranges, file: Path, *, check: bool) -> Difference:
    try:
        found = published(trusted)
        difference = Difference.between(trusted, found)
        if difference and not check:
            write(file, found)
    except ApiError as error:
        refuse(f"{error}; nothing was written")
    except OSError as error:
        refuse(f"{file}: {error.strerror}; nothing was written")
    return difference


def _rendered(form: Format, difference: Difference, refusal: str, *, check: bool) -> str:
    if refusal:
        status, headline = "refused", f"Cloudflare's published list was refused, and nothing was written: {refusal}"
    elif not difference:
        status, headline = "unchanged", "The snapshot has the ranges that Cloudflare publishes."
    elif check:
        status, headline = "differs", "The snapshot differs from the ranges that Cloudflare publishes:"
    else:
        status, headline = "updated", "The snapshot was updated to the ranges that Cloudflare publishes:"
    if form is Format.JSON:
        content = {
            "status": status,
            "added": list(map(str, difference.added)),
            "withdrawn": list(map(str, difference.withdrawn)),
            "refusal": refusal,
        }
        return json.dumps(content, indent=1) + "\n"
    markdown = form is Format.MARKDOWN
    lines = [f"{'- ' if markdown else '  '}{sentence}" for sentence in difference.sentences()]
    gap = [""] if markdown and lines else []
    return "\n".join([headline, *gap, *lines]) + "\n"
