"""The commands `new-stack` and `promote`."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from components.catalogue import Location
from components.config import ConfigError
from ops.ending import refuse
from ops.formats import Format
from ops.stacks import own_address, rendering
from ops.stacks.backend import Backend
from ops.stacks.creation import draft, problems_of, write_new
from ops.stacks.differences import Comparison, compare
from ops.stacks.edit import EditError
from ops.stacks.files import StackFile, StackFileError, all_in, path_of
from ops.stacks.loading import load_for_comparison
from ops.stacks.promotion import promoted, replace
from ops.stacks.questions import Answers, Fleet, ask, is_terminal, operator_of
from ops.stacks.travel import REQUESTABLE, SETTINGS

commands = typer.Typer()


@commands.command(
    "new-stack",
    epilog="Examples:\n\n"
    "python -m ops new-stack preview\n\n"
    "python -m ops new-stack preview --zone example.com --servers 1 --location hel1 --server-type cx23 "
    "--operator ADDRESS/32 --host api.example.com --service api --port 8000 --backend s3://BUCKET\n\n"
    "On a terminal, the command asks for each flag that is missing. docs/environments.md compares the backends.\n\n"
    "Exit status: 0; 1 if the questions are left; 2 if a flag is missing or wrong, or if the file exists. Nothing is "
    "written then.",
)
def new_stack(
    name: Annotated[str, typer.Argument(help="a-z, 0-9 and '-', at most 20 characters.")],
    *,
    zone: Annotated[str | None, typer.Option(help="A Cloudflare zone that no other stack has.")] = None,
    servers: Annotated[Fleet | None, typer.Option(help="3 survive the loss of one.")] = None,
    location: Annotated[Location | None, typer.Option(help="Hetzner's location.")] = None,
    server_type: Annotated[str | None, typer.Option(help="Hetzner's server type, such as cx33.")] = None,
    operator: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="Who may use SSH and the Kubernetes API (repeatable).")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="IP", help="Your public address: it becomes an operator, and none is looked up."),
    ] = None,
    host: Annotated[list[str] | None, typer.Option(help="A host of the first route (repeatable).")] = None,
    service: Annotated[str | None, typer.Option(help="The Service behind the first route.")] = None,
    port: Annotated[int | None, typer.Option(help="The Service's port.")] = None,
    backend: Annotated[
        str | None, typer.Option(metavar="URL", help="https://api.pulumi.com, s3://BUCKET or file://FOLDER.")
    ] = None,
    secrets_provider: Annotated[
        str | None, typer.Option(metavar="NAME", help="default, passphrase, or the URL of a key, such as awskms://...")
    ] = None,
    network_range: Annotated[
        str | None, typer.Option(metavar="CIDR", help="The private network. Default: one that no other stack uses.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the file and write nothing.")] = False,
) -> None:
    """Write Pulumi.NAME.yaml for a new stack, and show the commands that follow."""
    try:
        path, others = _new_path(name), all_in(Path.cwd())
    except StackFileError as error:
        refuse(str(error))
    known = Answers(
        zone=zone,
        servers=servers,
        location=location,
        server_type=server_type,
        operators=_operators(operator or [], address),
        hosts=tuple(host or ()),
        service=service,
        port=port,
        backend=backend,
    )
    if known.missing and not is_terminal():
        noun = "this flag is" if len(known.missing) == 1 else "these flags are"
        refuse(f"{noun} missing: {', '.join(known.missing)}; only on a terminal does the command ask for them")
    answers = ask(known, own_address.own_address)
    chosen = Backend.of(answers.backend or "", secrets_provider)
    try:
        new = draft(name, answers, chosen, network_range, others)
    except ValueError as error:
        refuse(str(error))
    problems = problems_of(new, path, others)
    if problems:
        noun = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        refuse("\n  - ".join([f"{path.name} would have {noun}; nothing was written:", *problems]))
    if dry_run:
        sys.stdout.write(new.text)
        return
    try:
        write_new(path, new.text)
    except OSError as error:
        refuse(f"{path.name}: {error.strerror}; nothing was written")
    sys.stdout.write(f"wrote {path.name}. Next:\n\n" + "".join(f"  {line}\n" for line in chosen.next_commands(name)))


@commands.command(
    epilog="Examples:\n\n"
    "python -m ops promote staging prod\n\n"
    "python -m ops promote staging prod --key k3sVersion --write\n\n"
    "python -m ops promote staging prod --exit-code --format markdown > promotion.md\n\n"
    f"Keys: {', '.join(REQUESTABLE)}. serverType travels only if --key names it. All other keys and encrypted values "
    "never travel. docs/environments.md has the reasons.\n\n"
    "Exit status: 0; 1 if TO's stack could not follow, as with a skipped minor version of k3s, or with --exit-code if "
    "something is left to promote; 2 if a file, an option or the result is wrong. TO's file stays as it is then."
)
def promote(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The stack whose values travel.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The stack that gets them.")],
    *,
    write: Annotated[bool, typer.Option("--write", help="Change TO's file; every other byte stays.")] = False,
    key: Annotated[list[str] | None, typer.Option(help="Compare only this key (repeatable).")] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with status 1 if something is left to promote.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="markdown is for a comment on a pull request.")] = (
        Format.TERMINAL
    ),
) -> None:
    """Show what stack FROM has and stack TO lacks, versions first, and copy it with --write."""
    for name in key or []:
        if name not in REQUESTABLE:
            why = f"never travels: {SETTINGS[name].reason}" if name in SETTINGS else "is not a key of a stack file"
            refuse(f"--key {name}: it {why}; the keys that travel are {', '.join(REQUESTABLE)}")
    if source == target:
        refuse(f"FROM and TO are the same stack, {source}")
    try:
        given, file = _existing(source), _existing(target)
        comparison = compare(load_for_comparison(given), load_for_comparison(file), key or [])
    except (StackFileError, ConfigError) as error:
        refuse(str(error))
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        refuse(f"Pulumi.{target}.yaml could not have the values of Pulumi.{source}.yaml: {found}")
    _show(comparison, form)
    if comparison.refusals:
        raise typer.Exit(1)
    _apply(file, comparison, write=write)
    raise typer.Exit(1 if exit_code and not write and comparison.travelling else 0)


def _apply(file: StackFile, comparison: Comparison, *, write: bool) -> None:
    """Check what TO's file would become, and write it on request."""
    name = file.path.name
    try:
        text = promoted(file, comparison)
        if write and text != file.text:
            replace(file.path, text)
            sys.stderr.write(f"changed {name}; read the change with: git diff {name}\n")
    except ConfigError as error:
        refuse(str(error))
    except EditError as error:
        if write:
            refuse(f"{name}: {error}; nothing was changed")
        sys.stderr.write(f"--write would change nothing: {name}: {error}\n")
    except OSError as error:
        refuse(f"{name}: {error.strerror}; nothing was changed")


def _new_path(name: str) -> Path:
    """Return the path of a stack file that does not exist yet, in the folder of Pulumi.yaml."""
    path = path_of(Path.cwd(), name)
    if not Path("Pulumi.yaml").is_file():
        raise StackFileError("Pulumi.yaml: not in this folder; run the command in the repository's folder")
    if path.exists() or path.is_symlink():
        raise StackFileError(f"{path.name}: it exists, and is never overwritten; edit it, or choose another name")
    return path


def _existing(name: str) -> StackFile:
    path = path_of(Path.cwd(), name)
    if not path.is_file():
        known = ", ".join(file.name.split(".")[1] for file in sorted(Path.cwd().glob("Pulumi.*.yaml")))
        raise StackFileError(f"{path.name}: no such file; the stacks of this folder are {known or 'none'}")
    return StackFile.read(path)


def _operators(listed: list[str], address: str | None) -> tuple[str, ...]:
    try:
        return (*listed, *([operator_of(address)] if address else []))
    except ValueError as error:
        refuse(str(error))


def _show(comparison: Comparison, form: Format) -> None:
    match form:
        case Format.TERMINAL:
            rendering.show(comparison)
        case Format.MARKDOWN:
            sys.stdout.write(rendering.markdown(comparison))
        case Format.JSON:
            sys.stdout.write(rendering.plain_data(comparison))
