"""The command `visit`."""

import ipaddress
import ssl
import sys
from pathlib import Path
from typing import Annotated

import typer

from ops.ending import refuse
from ops.formats import Format
from ops.visit.asking import PORT, Target
from ops.visit.hosts import Host, StackFileError, read_hosts
from ops.visit.rendering import show
from ops.visit.verdict import Verdict
from ops.visit.visiting import ATTEMPTS, DEADLINE, Visit, visit_all

commands = typer.Typer()


@commands.command(
    epilog="Examples:\n\n"
    "python -m ops visit --stack prod\n\n"
    "python -m ops visit --stack prod --attempts 1 --format json\n\n"
    "python -m ops visit --stack staging --resolve 198.51.100.7 --cacert ca.pem\n\n"
    "Any answer of the origin is enough, also a redirect, 401 or 404. An answer of Traefik without an application is a "
    "warning. A status of Cloudflare's own (520 to 530), a TLS error, a timeout, and an answer that did not pass "
    "through Cloudflare are failures; only they are tried again.\n\n"
    "Exit status: 0 if every host answered, also with warnings, 1 if one failed, 2 if the stack file or an option is "
    "wrong."
)
def visit(
    *,
    stack: Annotated[str, typer.Option("--stack", metavar="STACK", help="Visit the hosts of this stack's file.")],
    resolve: Annotated[
        str,
        typer.Option(
            "--resolve",
            metavar="ADDRESS[:PORT]",
            help="Connect to this address instead of asking DNS. The answer need not be Cloudflare's then.",
        ),
    ] = "",
    cacert: Annotated[
        Path | None, typer.Option("--cacert", metavar="FILE", help="Trust the authorities in this PEM file only.")
    ] = None,
    attempts: Annotated[int, typer.Option("--attempts", min=1, max=20, help="Attempts per host at most.")] = ATTEMPTS,
    deadline: Annotated[
        float, typer.Option("--deadline", metavar="SECONDS", min=1, max=1800, help="Time for all hosts.")
    ] = DEADLINE,
    form: Annotated[Format, typer.Option("--format", help="markdown is for a job's summary.")] = Format.TERMINAL,
) -> None:
    """Ask every host of a stack's routes over HTTPS, through DNS and Cloudflare, as a visitor does."""
    target, context, hosts = _target(resolve), _context(cacert), _hosts(stack)
    sys.stderr.write(f"visiting {', '.join(host.name for host in hosts)}\n")
    visits = visit_all(hosts, context, target=target, attempts=attempts, deadline=deadline, told=_retry)
    show(visits, form)
    raise typer.Exit(1 if any(each.outcome.verdict is Verdict.FAILED for each in visits) else 0)


def _retry(failed: Visit) -> None:
    status = f"status {failed.outcome.status}: " if failed.outcome.status else ""
    sys.stderr.write(f"{failed.host}: {status}{failed.outcome.reason}; trying again\n")


def _hosts(stack: str) -> tuple[Host, ...]:
    try:
        return read_hosts(Path(f"Pulumi.{stack}.yaml"))
    except StackFileError as error:
        refuse(str(error))


def _context(cacert: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=cacert)
    except OSError as error:
        reason = "it has no certificate in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        refuse(f"--cacert {cacert}: {reason}; give a PEM file with the certificates of authorities")


def _target(text: str) -> Target | None:
    """Read `192.0.2.1`, `192.0.2.1:8443`, `2001:db8::1` or `[2001:db8::1]:8443`."""
    if not text:
        return None
    address, colon, port = text.rpartition(":") if "]:" in text or text.count(":") == 1 else (text, "", "")
    try:
        parsed = ipaddress.ip_address(address.strip("[]"))
        number = int(port) if colon else PORT
    except ValueError:
        refuse(f"--resolve {text}: it is not ADDRESS or ADDRESS:PORT, such as 198.51.100.7 or [2001:db8::7]:443")
    if number not in range(1, 65_536):
        refuse(f"--resolve {text}: the port must be from 1 to 65535")
    return Target(address=str(parsed), port=number)
