"""Cloudflare's edge between real visitors and real servers: what it shows, what it insists on, what it tries again."""

import base64
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.providers.tls_certificates import new_certificate, pem_of
from tests.edge.conftest import EDGE_ADDRESSES, NODES, Stack
from tests.edge.objects import no_traefik

URL = "https://api.sandbox.test/"
ORIGIN = Path(__file__).with_name("origin.py")


@contextmanager
def origin(stack: Stack, node: str, files: Mapping[str, Path], *, status: int = 200) -> Iterator[None]:
    """A web server on a server's :443."""
    arguments = [node, "443", str(files["certificate"]), str(files["authority"]), str(status)]
    command = [*stack.fabric.enter(stack.machine(node).host), sys.executable, str(ORIGIN), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", "the web server did not start"
        yield
    finally:
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def files(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What the program gave Traefik: the origin certificate with its key, and the CA of Cloudflare's own."""
    folder = tmp_path_factory.mktemp("origin")
    pair = secret(stack, "honeydue", "cloudflare-origin-cert")
    certificate, authority = folder / "certificate.pem", folder / "ca.pem"
    certificate.write_bytes(pair["tls.crt"] + b"\n" + pair["tls.key"])
    authority.write_bytes(secret(stack, "kube-system", "origin-pulls-ca")["ca.crt"])
    return {"certificate": certificate, "authority": authority}


def secret(stack: Stack, namespace: str, name: str) -> dict[str, bytes]:
    """What a Secret of the cluster holds."""
    kept = json.loads(stack.kubectl("--namespace", namespace, "get", "secret", name, "-o", "json"))["data"]
    return {key: base64.b64decode(value) for key, value in kept.items()}


@pytest.fixture(scope="module", autouse=True)
def _no_traefik(stack: Stack, files: dict[str, Path]) -> Iterator[None]:
    """What answers at a node is each test's own."""
    del files
    with no_traefik(stack):
        yield


def curl(stack: Stack, *arguments: str) -> tuple[int, str]:
    """Status and body that a visitor gets."""
    done = stack.box.command("curl", *arguments, "--write-out", "\n%{http_code}")
    body, _, code = done.stdout.rpartition("\n")
    assert code.isdigit(), done.stderr
    return int(code), body


def test_visitors_reach_every_node_and_the_origin_learns_who_they_are(stack: Stack, files: dict[str, Path]) -> None:
    with ExitStack() as running:
        for node in NODES:
            running.enter_context(origin(stack, node, files))
        answers = [json.loads(curl(stack, URL)[1]) for _ in range(2 * 2 * len(NODES))]
        forged = json.loads(curl(stack, URL, "-H", "X-Forwarded-For: 9.9.9.9", "-H", "CF-Connecting-IP: 9.9.9.9")[1])
    assert set(Counter(answer["node"] for answer in answers)) == set(NODES), "a node gets no requests"
    for answer in answers:
        assert answer["peer"].removeprefix("::ffff:") in EDGE_ADDRESSES
        assert answer["headers"]["cf-connecting-ip"] == "203.0.113.10"
        assert answer["headers"]["x-forwarded-for"] == "203.0.113.10"
        assert answer["headers"]["x-forwarded-proto"] == "https"
    assert forged["headers"]["cf-connecting-ip"] == "203.0.113.10", "a visitor can say who he is"
    assert forged["headers"]["x-forwarded-for"] == "9.9.9.9, 203.0.113.10"


def test_plain_http_is_sent_to_https_by_the_edge_itself(stack: Stack) -> None:
    assert curl(stack, "http://api.sandbox.test/")[0] == 301


def test_a_host_without_a_record_is_nobodys(stack: Stack) -> None:
    assert curl(stack, "http://other.sandbox.test/")[0] in (301, 530)
    assert curl(stack, "https://other.sandbox.test/", "--insecure")[0] == 530


def test_one_dead_node_costs_one_more_try_and_no_visitor(stack: Stack, files: dict[str, Path]) -> None:
    with origin(stack, "node1", files), origin(stack, "node3", files):
        codes = Counter(curl(stack, URL)[0] for _ in range(9))
    assert codes[200] >= 7, f"the retry does not find a living node: {codes}"
    assert set(codes) <= {200, 521}


def test_an_origin_that_answers_badly_is_not_asked_twice(stack: Stack, files: dict[str, Path]) -> None:
    for status in (404, 502, 503):
        with ExitStack() as running:
            for node in NODES:
                running.enter_context(origin(stack, node, files, status=status))
            code, body = curl(stack, URL)
        assert code == status, f"the origin's own {status} became {code}"
        assert json.loads(body)["node"] in NODES


def test_nobody_at_the_door_is_521(stack: Stack) -> None:
    assert curl(stack, URL)[0] == 521
    [refused] = stack.edge().ask("api.sandbox.test", address=stack.addresses("node1")[0], port=80)
    assert "ConnectionRefusedError" in refused.body


def test_a_certificate_of_another_authority_is_526(stack: Stack, files: dict[str, Path], tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.pem"
    foreign.write_text(self_signed("api.sandbox.test"))
    with ExitStack() as running:
        for node in NODES:
            running.enter_context(origin(stack, node, {**files, "certificate": foreign}))
        assert curl(stack, URL)[0] == 526, "full (strict) would trust anybody"


def test_an_origin_that_trusts_another_customers_certificate_only_gives_no_answer(
    stack: Stack, files: dict[str, Path], tmp_path: Path
) -> None:
    foreign = tmp_path / "ca.pem"
    foreign.write_text(self_signed("somebody else").partition("-----BEGIN PRIVATE")[0])
    with ExitStack() as running:
        for node in NODES:
            running.enter_context(origin(stack, node, {**files, "authority": foreign}))
        assert curl(stack, URL)[0] in (520, 525), "a certificate that the origin does not know was let in"


def test_a_visitor_who_goes_round_the_edge_finds_nobody(stack: Stack, files: dict[str, Path]) -> None:
    with origin(stack, "node1", files):
        done = stack.box.command("curl", "--from", "203.0.113.77", URL, "--insecure", "--connect-timeout", "2")
    assert done.returncode == 28, f"the host firewall let a stranger in: {done.stdout}{done.stderr}"


def self_signed(name: str) -> str:
    """A certificate that nobody vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = new_certificate(
        subject=subject,
        public_key=key.public_key(),
        names=[x509.DNSName(name)] if "." in name else [],
        issuer=subject,
        issuer_key=key,
        uses=["digital_signature", "cert_signing", "server_auth"],
        hours=24,
        authority="." not in name,
    )
    pem = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()).decode()
    return pem_of(made) + pem
