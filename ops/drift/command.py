"""The command `drift`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final, NoReturn

import typer

from ops.drift import clouds, published_ranges, servers
from ops.drift.findings import Finding, Part, Report
from ops.drift.rendering import markdown, plain_data, show
from ops.drift.ssh import Ssh
from ops.drift.state import State, read
from ops.ending import refuse
from ops.engine import EngineError, Pulumi
from ops.formats import Format
from ops.preview.redaction import redact_text

commands = typer.Typer()

_LEFT_OUT: Final = {
    Part.CLOUDS: "the clouds",
    Part.SERVERS: "the servers, Traefik and the objects in the cluster, which need an operator's address",
    Part.RANGES: "Cloudflare's published ranges",
}


@commands.command(
    epilog="Examples:\n\n"
    "python -m ops drift --stack prod\n\n"
    "python -m ops drift --stack prod --only clouds,ranges --format markdown\n\n"
    "clouds: `pulumi refresh --preview-only`. servers: UFW, k3s and Traefik over SSH, from an operator's address. "
    "ranges: Cloudflare's published list against the snapshot and the state. Nothing is changed. Without `servers`, "
    "the objects in the cluster are left out of `clouds`, too.\n\n"
    "The command needs the stack's secrets provider (PULUMI_CONFIG_PASSPHRASE) and the OpenSSH client.\n\n"
    "Exit status: 0 if nothing differs, 1 if something differs, 2 if nothing differs but something could not be "
    "checked, or if an option is wrong or the state cannot be read."
)
def drift(
    *,
    stack: Annotated[str, typer.Option("--stack", metavar="STACK", help="The default is the selected stack.")] = "",
    only: Annotated[
        str, typer.Option("--only", metavar="PART,...", help="Any of clouds, servers and ranges; the default is all.")
    ] = "",
    form: Annotated[Format, typer.Option("--format", help="markdown is for an issue or a job's summary.")] = (
        Format.TERMINAL
    ),
    raw: Annotated[bool, typer.Option("--raw", help="Show raw differences on the terminal.")] = False,
) -> None:
    """Compare the clouds, the servers and Cloudflare's ranges with the state, and change nothing."""
    parts = _parts(only)
    with _ended_in_order():
        report = _compared(Pulumi(stack=stack), parts)
    match form:
        case Format.TERMINAL:
            show(report, raw=raw)
        case Format.MARKDOWN:
            sys.stdout.write(markdown(report))
        case Format.JSON:
            sys.stdout.write(plain_data(report))
    raise typer.Exit(report.status)


def _compared(pulumi: Pulumi, parts: frozenset[Part]) -> Report:
    with_servers = Part.SERVERS in parts
    state = _state(pulumi, show_secrets=with_servers)
    findings: list[Finding] = []
    notes: list[str] = []
    if Part.CLOUDS in parts:
        found, notes = clouds.compare(pulumi, with_cluster=with_servers)
        findings += found
    if with_servers:
        _progress(f"checking {', '.join(server.name for server in state.servers)} over SSH")
        with Ssh() as ssh:
            findings += servers.compare(state, ssh)
    if Part.RANGES in parts:
        _progress("reading Cloudflare's published ranges")
        findings += published_ranges.compare(state)
    return Report(
        stack=state.stack,
        findings=tuple(findings),
        left_out=tuple(words for part, words in _LEFT_OUT.items() if part not in parts),
        notes=tuple(notes),
    )


def _state(pulumi: Pulumi, *, show_secrets: bool) -> State:
    try:
        state = read(pulumi.export(show_secrets=show_secrets))
    except EngineError as error:
        refuse(redact_text(str(error)))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        refuse(f"the stack's state has another form ({type(error).__name__}); `pulumi stack export` shows it")
    if not state.servers:
        refuse(f"the stack {pulumi.stack or 'that is selected'} has no servers yet; run `make up` first")
    return state


def _parts(text: str) -> frozenset[Part]:
    names = [name.strip() for name in text.split(",")] if text else [*Part]
    known = [str(part) for part in Part]
    for name in names:
        if name not in known:
            refuse(f"--only {text}: {name!r} is not a part; the parts are {', '.join(known)}")
    return frozenset(map(Part, names))


def _progress(text: str) -> None:
    sys.stderr.write(f"{text} ...\n")
    sys.stderr.flush()


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Turn the signals that end a process into an exception, so that the private key is deleted."""

    def end(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
