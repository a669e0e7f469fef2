"""UFW and k3s on each server against what the last update gave them, by the host programs that are already there."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from components import host_programs
from ops.drift import words
from ops.drift.cluster import compare_cluster
from ops.drift.findings import Finding, Subject
from ops.drift.ssh import CommandError, NotConnectedError, Ssh
from ops.drift.state import Connection, Server, State
from ops.preview.redaction import redact_text

_AT_ONCE: Final = 8
_OF_THE_NODE: Final = (Subject.SERVERS, Subject.K3S)
"""The subjects of a check that also looks at the server's own node."""
_UNREACHED: Final = "check that the server runs and that honeydue:operators lists your address"
_UNFINISHED: Final = "finish the first update: run `make up`"


def compare(state: State, ssh: Ssh) -> list[Finding]:
    """Return the differences on all servers and in the cluster; the servers are asked at the same time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            of_servers = list(pool.map(lambda server: list(compare_server(server, ssh)), state.servers))
        except BaseException:
            ssh.stop()  # the pool waits for its threads
            raise
    findings = [finding for found in of_servers for finding in found]
    return [*findings, *_cluster(state, ssh, findings)]


def compare_server(server: Server, ssh: Ssh) -> Iterator[Finding]:
    """Yield the differences of one server's UFW and k3s; one that cannot be reached is not checked."""
    connection = server.connection
    checks = (
        (Subject.FIREWALL, server.ufw_program, "ufw", server.ufw and json.dumps({"ufw": server.ufw}), words.firewall),
        (Subject.K3S, server.k3s_program, "k3s", server.k3s and json.dumps(server.k3s), words.k3s),
    )
    for subject, path, program, given, describe in checks:
        if connection is None or not path or not given:
            yield _unchecked(subject, server.name, "the state has no update of it that finished", _UNFINISHED)
            continue
        try:
            for difference in _check(ssh, connection, path, given):
                yield describe(server.name, difference)
        except NotConnectedError as error:
            reason = f"no SSH connection to {connection.host}: {redact_text(str(error))}"
            yield _unchecked(Subject.SERVERS, server.name, reason, _UNREACHED)
            return
        except (CommandError, ValueError) as error:
            yield _failed(subject, server.name, path, program, error)


def _check(ssh: Ssh, connection: Connection, path: str, given: str) -> list[Mapping[str, Any]]:
    """Run the verb `check` of a host program.

    Raises:
        ValueError: If the answer is not what the program prints.
    """
    answer = ssh.run(connection, f"sudo -n python3 {path} check", given)
    try:
        found = json.loads(answer)["differences"]
        return [{**each, "kind": str(each["kind"]), "what": redact_text(str(each["what"]))} for each in found]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("its answer is not a list of differences") from error


def _failed(subject: Subject, name: str, path: str, program: str, error: Exception) -> Finding:
    """Return why a check was not possible. Programs of an earlier version do not know the verb."""
    reason = redact_text(f"{path}: {error}")
    if path != host_programs.path(program):
        reason = f"the server has another version of the host program, and its check failed ({reason})"
        return _unchecked(subject, name, reason, "run `make up`, which copies the present programs to the servers")
    return _unchecked(subject, name, reason, "correct the error on the server, and run the check again")


def _cluster(state: State, ssh: Ssh, findings: Sequence[Finding]) -> list[Finding]:
    """Ask the API node, or the first control plane that answers, about the nodes and Traefik."""
    planes = [server for server in state.servers if server.is_control_plane and server.connection]
    planes.sort(key=lambda server: server.connection is None or server.connection.host != state.api_host)
    unchecked = {each.where: each.subject for each in findings if not each.checked and each.subject in _OF_THE_NODE}
    reasons: list[str] = []
    for plane in planes:
        if unchecked.get(plane.name) is Subject.SERVERS:
            reasons.append(f"{plane.name}: no SSH connection")
            continue
        try:
            return _asked(plane, state, ssh, set(unchecked))
        except (NotConnectedError, CommandError, ValueError) as error:
            reasons.append(f"{plane.name}: {redact_text(str(error))}")
    remedy = _UNREACHED if planes else _UNFINISHED
    return [_unchecked(Subject.TRAEFIK, "the cluster", "; ".join(reasons) or "the state has no control plane", remedy)]


def _asked(plane: Server, state: State, ssh: Ssh, unreached: set[str]) -> list[Finding]:
    connection = plane.connection
    if connection is None:
        raise ValueError("the state has no SSH connection")

    def run(command: str, stdin: str) -> str:
        return ssh.run(connection, command, stdin)

    return list(compare_cluster(state, plane, run, unreached))


def _unchecked(subject: Subject, where: str, what: str, remedy: str) -> Finding:
    return Finding(subject=subject, where=where, what=what, remedy=remedy, checked=False)
