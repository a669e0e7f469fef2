"""The command `check`."""

import json
import sys
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Annotated

import typer

from ops.checks import rendering
from ops.checks.before.context import PATIENCE, Context
from ops.checks.before.run import GROUPS, run
from ops.ending import refuse
from ops.engine import EngineError, Pulumi
from ops.formats import Format

commands = typer.Typer()


@commands.command(
    epilog="Examples:\n\n"
    "python -m ops check --pre --stack prod\n\n"
    "python -m ops check --pre --stack prod --address 9.9.9.9\n\n"
    "python -m ops check --pre --stack prod --format json\n\n"
    f"Groups: {', '.join(GROUPS)}. The marks: √ passed, × failed, ‼ warning, i note, - not checked.\n\n"  # noqa: RUF001 - the marks of the report
    "The tokens are HCLOUD_TOKEN and CLOUDFLARE_API_TOKEN, else the secrets of the stack.\n\n"
    "Exit status: 0 if no check failed, also with warnings; 1 if one failed; 2 if an option is wrong."
)
def check(
    *,
    pre: Annotated[
        bool, typer.Option("--pre", help="Check what must be in place before the first `pulumi up` of a stack.")
    ] = False,
    stack: Annotated[
        str, typer.Option("--stack", metavar="STACK", help="The stack; the default is the selected one.")
    ] = "",
    address: Annotated[
        str,
        typer.Option(
            "--address",
            metavar="ADDRESS",
            help="The public IPv4 address of the machine that will run `pulumi up`, if it is not this one.",
        ),
    ] = "",
    form: Annotated[Format, typer.Option("--format", help="markdown is for an issue or a comment.")] = Format.TERMINAL,
) -> None:
    """Check tools, stack file, backend, this machine and both clouds, with a remedy for each failure. Read-only."""
    if not pre:
        refuse(
            "check: give --pre, the checks before the first update; a running stack is checked by `drift` and `visit`"
        )
    report = run(_context(stack, address))
    match form:
        case Format.TERMINAL:
            rendering.show(report)
        case Format.MARKDOWN:
            sys.stdout.write(rendering.markdown(report))
        case Format.JSON:
            sys.stdout.write(rendering.plain_data(report))
    raise typer.Exit(1 if report.failed else 0)


def _context(stack: str, address: str) -> Context:
    folder = Path.cwd()
    if not (folder / "Pulumi.yaml").exists():
        refuse(f"{folder} has no Pulumi.yaml; start this command in the repository's folder")
    try:
        given = IPv4Address(address) if address else None
    except AddressValueError:
        refuse(f"--address {address}: it must be an IPv4 address such as 9.9.9.9")
    context = Context(stack or _selected(folder), folder, given)
    if not context.path.exists():
        names = [each.name.removeprefix("Pulumi.").removesuffix(".yaml") for each in folder.glob("Pulumi.*.yaml")]
        refuse(f"--stack {context.stack}: {context.path.name} does not exist; there are {', '.join(sorted(names))}")
    return context


def _selected(folder: Path) -> str:
    """Return the name of the selected stack."""
    try:
        listed = json.loads(Pulumi(folder=folder, patience=PATIENCE).run(["stack", "ls", "--json"]).stdout)
        selected = [str(each["name"]) for each in listed if each.get("current")]
    except (EngineError, ValueError) as error:
        refuse(f"--stack is missing, and the selected stack cannot be found: {error}")
    if not selected:
        refuse("--stack is missing, and no stack is selected; give --stack STACK")
    return selected[0]
