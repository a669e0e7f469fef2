"""The way of a request: through the edge to a pod, and every way around it that must be closed."""

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.commands.visiting import VISITOR_ADDRESSES
from sandbox.providers.tls_certificates import new_certificate, pem_of
from sandbox.providers.tls_keys import spellings
from tests.edge.conftest import EDGE_ADDRESSES, NODES, Stack
from tests.edge.objects import HOST, ingress, objects, until
from tests.stack_files import stack_config

HOSTS = sorted(host for route in stack_config("sandbox")["honeydue:routes"] for host in route["hosts"])
ADMIN = "admin.sandbox.test"
API = "api.sandbox.test"
FORGED = {"X-Forwarded-For": "198.51.100.250", "X-Forwarded-Proto": "http", "X-Real-Ip": "198.51.100.250"}


def expected(host: str) -> int:
    """What a visitor without a password gets."""
    return 401 if host == ADMIN else 200


@pytest.mark.parametrize("host", HOSTS)
def test_every_host_answers_through_the_edge(stack: Stack, host: str) -> None:
    [answer] = stack.browse(host)
    assert answer.status == expected(host), answer.body


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("family", [0, 1], ids=["ipv4", "ipv6"])
def test_every_node_answers_for_every_host_with_its_certificate(stack: Stack, node: str, family: int) -> None:
    edge = stack.edge(source=EDGE_ADDRESSES[family])
    for host in HOSTS:
        [answer] = edge.ask(host, address=stack.addresses(node)[family])
        assert answer.status == expected(host), f"{host}: {answer.body}"


def test_the_application_learns_who_asks_and_that_it_was_https(stack: Stack) -> None:
    [answer] = stack.browse(API)
    headers = answer.seen["headers"]
    assert headers["x-forwarded-for"].split(", ")[0] == VISITOR_ADDRESSES[0]
    assert headers["cf-connecting-ip"] == VISITOR_ADDRESSES[0]
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-forwarded-host"] == API


def test_what_a_visitor_claims_to_be_is_not_believed(stack: Stack) -> None:
    [answer] = stack.browse(API, requests=[FORGED])
    headers = answer.seen["headers"]
    assert headers["cf-connecting-ip"] == VISITOR_ADDRESSES[0]
    assert headers["x-forwarded-proto"] == "https"


def test_forged_headers_from_anywhere_but_cloudflare_are_thrown_away(stack: Stack) -> None:
    node = stack.machine("node1").host
    own = stack.addresses("node1")[0]
    direct = stack.edge(host=node, source=own)  # UFW lets nobody else so far
    with objects(stack, ingress("api")):  # without the allow list, which would refuse it anyway
        assert until(stack, HOST, 200) == 200
        [answer] = direct.ask(HOST, sni=API, address=own, requests=[FORGED])
    assert answer.status == 200, answer.body
    headers = answer.seen["headers"]
    assert headers["x-forwarded-for"] == own
    assert headers["x-forwarded-proto"] == "https"
    assert "198.51.100.250" not in json.dumps(headers)


def test_the_allow_list_refuses_who_is_not_cloudflare(stack: Stack) -> None:
    own = stack.addresses("node1")[0]
    [answer] = stack.edge(host=stack.machine("node1").host, source=own).ask(API, address=own)
    assert answer.status == 403


@pytest.fixture(scope="module")
def strangers_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A client certificate of another authority, as another customer of Cloudflare's would have it."""
    file = tmp_path_factory.mktemp("stranger") / "client.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "another customer")])
    made = new_certificate(
        subject=name,
        public_key=key.public_key(),
        names=[],
        issuer=name,
        issuer_key=key,
        uses=["digital_signature", "client_auth"],
        hours=24,
        authority=False,
    )
    file.touch(mode=0o600)
    file.write_text(pem_of(made) + str(spellings(key)["privateKeyPem"]))
    return file


@pytest.mark.parametrize("host", [API, "canary.sandbox.test", "partners.sandbox.test"])
def test_without_the_edges_certificate_there_is_no_handshake(
    stack: Stack, host: str, strangers_certificate: Path
) -> None:
    edge = stack.edge()
    nothing = type(edge)(fabric=edge.fabric, host=edge.host, source=edge.source, authority=edge.authority)
    for client in (nothing, stack.edge(certificate=strangers_certificate)):
        [answer] = client.ask(host, address=stack.addresses("node2")[0])
        assert answer.status == 0, f"it was answered: {answer}"


def test_a_host_that_no_route_has_is_not_found(stack: Stack) -> None:
    [answer] = stack.edge().ask("nobody.sandbox.test", sni=API, address=stack.addresses("node1")[0])
    assert answer.status == 404


@pytest.mark.parametrize("sni", ["nobody.sandbox.test", "example.org"])
def test_an_unknown_name_is_shown_no_certificate(stack: Stack, sni: str) -> None:
    [answer] = stack.edge().ask(sni, sni=sni, address=stack.addresses("node1")[0])
    assert answer.status == 0
    assert "sandbox.test" not in answer.body.replace(sni, ""), "the refusal tells of other names"


def test_plain_http_at_a_node_is_sent_to_https(stack: Stack) -> None:
    [answer] = stack.edge().ask(API, "/path?query=1", address=stack.addresses("node3")[0], port=80)
    assert answer.status in (301, 308)
    assert answer.headers["location"] == f"https://{API}/path?query=1"


def test_traefik_runs_as_nobody_with_nothing(stack: Stack) -> None:
    for node in NODES:
        text = stack.run(node, "sh", "-c", "cat /proc/$(pgrep -x traefik)/status")
        status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        assert status["Uid"].split() == ["65532"] * 4
        assert status["Gid"].split() == ["65532"] * 4
        assert int(status["CapEff"], 16) == 0
        assert int(status["CapBnd"], 16) == 1 << 10, "more than NET_BIND_SERVICE"
        assert status["NoNewPrivs"] == "1"


def test_traefiks_own_ports_are_open_to_the_node_only(stack: Stack) -> None:
    listening = stack.run("node1", "ss", "-Hltn").splitlines()
    places = {line.split()[3] for line in listening}
    for port in (8080, 9101):
        assert f"127.0.0.1:{port}" in places
        assert not [place for place in places if place.endswith(f":{port}") and not place.startswith("127.0.0.1")]
