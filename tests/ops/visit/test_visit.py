"""`ops visit` over real TLS on loopback: which answers prove that a host is served, and how failures are told."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.engine.layout import ROOT
from tests.ops.visit.edge import Authority, Edge, Reply, serving

A, B = "a.example.com", "b.example.com"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
Done = subprocess.CompletedProcess[str]


def stack_file(folder: Path, hosts: Sequence[str], **route: Any) -> None:
    routes = [
        {"name": f"route{number}", "hosts": [host], "service": "api", "port": 8000, **route}
        for number, host in enumerate(hosts)
    ]
    (folder / "Pulumi.test.yaml").write_text(yaml.safe_dump({"config": {"honeydue:routes": routes}}))


def visit(folder: Path, *options: str) -> Done:
    return subprocess.run(
        [sys.executable, "-m", "ops", "visit", "--stack", "test", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def visit_edge(folder: Path, edge: Edge, *options: str) -> Done:
    return visit(folder, "--resolve", edge.address, "--cacert", str(edge.authority), *options)


def visited(folder: Path, replies: Mapping[str, Sequence[Reply]], *options: str, **edge: Any) -> Done:
    stack_file(folder, list(replies))
    with serving(folder / "pki", replies, **edge) as server:
        return visit_edge(folder, server, *options)


@pytest.mark.parametrize("status", [200, 204, 301, 308, 401, 404, 418])
def test_every_answer_of_an_application_is_enough(tmp_path: Path, status: int) -> None:
    done = visited(tmp_path, {A: [Reply(status=status, body="")]})
    assert (done.returncode, done.stdout) == (0, f"1 host reached\n  answered {A}: status {status}\n")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=404, body="404 page not found\n"), "Traefik has no route for this host"),
        (Reply(status=503, body="no available server\n"), "the route's Service has no ready pod"),
        (Reply(status=502, body="Bad Gateway"), "the application's pod closed the connection"),
        (Reply(status=500, body="oops"), "the application or a proxy in front of it answered with an error"),
        (Reply(status=403, body="no"), "the application or a firewall rule at Cloudflare refused"),
        (Reply(status=429, body=""), "the rate limit"),
        (Reply(status=403, body="<html>", headers={"CF-Mitigated": "challenge"}), "Cloudflare challenged"),
    ],
)
def test_an_answer_without_an_application_is_a_warning_and_no_failure(
    tmp_path: Path, reply: Reply, reason: str
) -> None:
    done = visited(tmp_path, {A: [reply], B: [Reply()]})
    assert done.returncode == 0
    assert done.stdout.startswith("2 hosts reached, 1 with a warning\n")
    assert f"warning  {A}: status {reply.status}, {reason}" in done.stdout


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=521, body=""), "status 521, no server accepts connections on port 443"),
        (Reply(status=526, body=""), "status 526, a server's certificate is not valid"),
        (Reply(status=530, body="error 1016"), "status 530, Cloudflare cannot resolve the origin"),
        (Reply(status=403, body="Forbidden"), "status 403, Traefik's allow list refused Cloudflare's address"),
        (Reply(how="cut"), "the connection failed: Remote end closed connection without response"),
    ],
)
def test_an_error_of_cloudflare_or_of_the_way_to_the_origin_fails(tmp_path: Path, reply: Reply, reason: str) -> None:
    done = visited(tmp_path, {A: [reply], B: [Reply()]}, "--attempts", "1")
    assert done.returncode == 1
    assert done.stdout.startswith("1 of 2 hosts cannot be reached\n")
    assert f"failed   {A}: {reason}" in done.stdout
    assert f"answered {B}" in done.stdout


def test_a_403_is_an_answer_of_a_host_whose_visitors_need_a_client_certificate(tmp_path: Path) -> None:
    stack_file(tmp_path, [A], clientCertificates=[CERTIFICATE])
    with serving(tmp_path / "pki", {A: [Reply(status=403, body="Forbidden")]}) as edge:
        done = visit_edge(tmp_path, edge)
    assert done.returncode == 0
    assert "visitors need a client certificate" in done.stdout


def test_a_failure_that_passes_is_tried_again_and_nothing_else_is(tmp_path: Path) -> None:
    replies = {A: [Reply(status=522), Reply(how="cut"), Reply()], B: [Reply(status=404, body="404 page not found")]}
    stack_file(tmp_path, list(replies))
    with serving(tmp_path / "pki", replies) as edge:
        done = visit_edge(tmp_path, edge)
    assert done.returncode == 0
    assert f"answered {A}: status 200, after 3 attempts" in done.stdout
    assert sorted(edge.asked) == [A, A, A, B]
    assert f"{A}: status 522: the servers do not answer on port 443" in done.stderr


def test_the_number_of_attempts_is_bounded(tmp_path: Path) -> None:
    stack_file(tmp_path, [A])
    with serving(tmp_path / "pki", {A: [Reply(status=521)]}) as edge:
        done = visit_edge(tmp_path, edge, "--attempts", "2")
    assert done.returncode == 1
    assert len(edge.asked) == 2


@pytest.mark.parametrize("how", ["silent", "drip"])
def test_the_deadline_ends_an_exchange_that_does_not_end_by_itself(tmp_path: Path, how: str) -> None:
    began = time.monotonic()
    done = visited(tmp_path, {A: [Reply(how=how)], B: [Reply(status=521)]}, "--deadline", "3")
    assert time.monotonic() - began < 12
    assert done.returncode == 1
    assert f"failed   {A}: no answer within 3 s" in done.stdout


def test_a_certificate_for_another_host_by_another_authority_or_out_of_date_fails(tmp_path: Path) -> None:
    done = visited(tmp_path, {A: [Reply()]}, "--attempts", "1", hosts=[B])
    assert "the certificate is not valid: Hostname mismatch" in done.stdout
    done = visited(tmp_path, {A: [Reply()]}, "--attempts", "1", days=-1)
    assert "the certificate is not valid: certificate has expired" in done.stdout
    stack_file(tmp_path, [A])
    with serving(tmp_path / "pki", {A: [Reply()]}) as edge:
        other = Authority(tmp_path / "other").file
        done = visit(tmp_path, "--resolve", edge.address, "--cacert", str(other), "--attempts", "1")
        system = visit(tmp_path, "--resolve", edge.address, "--attempts", "1")
    for each in (done, system):
        assert each.returncode == 1
        assert "the certificate is not valid" in each.stdout
    assert edge.asked == [], "a request was sent to a server that is not the host's"


def test_a_closed_port_is_refused_by_name(tmp_path: Path) -> None:
    stack_file(tmp_path, [A])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    done = visit(tmp_path, "--resolve", address, "--attempts", "1")
    assert done.returncode == 1
    assert "Connection refused" in done.stdout


def test_json_and_markdown_have_the_same_result(tmp_path: Path) -> None:
    replies = {A: [Reply(status=521)], B: [Reply()]}
    done = visited(tmp_path, replies, "--attempts", "1", "--format", "json")
    found = json.loads(done.stdout)
    assert found["headline"] == "1 of 2 hosts cannot be reached"
    reason = "no server accepts connections on port 443"
    first = {"host": A, "verdict": "failed", "status": 521, "reason": reason, "attempts": 1}
    assert found["hosts"][0] == first
    done = visited(tmp_path, replies, "--attempts", "1", "--format", "markdown")
    assert done.stdout.startswith(f"**1 of 2 hosts cannot be reached**\n\n- `{A}`: status 521, {reason}\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "Pulumi.test.yaml: No such file or directory; --stack takes the NAME of a file Pulumi.NAME.yaml"),
        ("config: [", "Pulumi.test.yaml: it is not YAML"),
        ("config: {}", "honeydue:routes is missing or empty"),
        ("config: {'honeydue:routes': [{name: a, hosts: [A_B], service: a, port: 1}]}", "honeydue:routes[0].hosts[0]"),
    ],
)
def test_a_stack_file_without_hosts_is_one_error(tmp_path: Path, content: str | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "Pulumi.test.yaml").write_text(content)
    done = visit(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--resolve", "example.com"], "it is not ADDRESS or ADDRESS:PORT"),
        (["--resolve", "127.0.0.1:0"], "the port must be from 1 to 65535"),
        (["--cacert", "none.pem"], "--cacert none.pem: No such file or directory"),
        (["--cacert", "Pulumi.test.yaml"], "it has no certificate in PEM form"),
    ],
)
def test_a_wrong_option_is_one_error(tmp_path: Path, options: list[str], reason: str) -> None:
    stack_file(tmp_path, [A])
    done = visit(tmp_path, *options)
    assert done.returncode == 2
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
