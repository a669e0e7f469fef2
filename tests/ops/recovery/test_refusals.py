"""`ops import` refuses clearly, names all problems at once, and writes no file then."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.ops.recovery.conftest import STACK, Lost

if TYPE_CHECKING:
    from subprocess import CompletedProcess


@pytest.fixture
def created(lost: Lost) -> Lost:
    """The stack after `pulumi stack init`."""
    lost.checkout.run("pulumi", "stack", "init", STACK)
    return lost


def refused(lost: Lost, done: "CompletedProcess[str]", status: int) -> str:
    """Return the command's words; it must have written no file and shown no traceback and no secret."""
    said = done.stdout + done.stderr
    assert done.returncode == status, said
    assert not lost.out.exists()
    assert "Traceback" not in said
    assert "PRIVATE KEY" not in said
    return said


def test_all_missing_and_foreign_objects_are_listed_at_once(created: Lost) -> None:
    world = created.world
    by_name = {(item.kind, item.name): item for kind in ("server", "primary_ip") for item in world.objects(kind)}
    world.delete("server", by_name["server", "hetzner1"].id)
    foreign = by_name["primary_ip", "hetzner2-ipv4"]
    world.put("primary_ip", foreign.id, {**foreign.data, "labels": {"project": "honeydue", "stack": "staging"}})
    (certificate,) = world.objects("origin_ca_certificate")
    world.delete(certificate.kind, certificate.id)
    record = next(item for item in world.objects("dns_record") if item.data["name"] == "api.myhoneydue.com")
    world.delete(record.kind, record.id)
    (middleware,) = [item for item in world.objects("middleware") if item.name == "admin-auth"]
    world.delete(middleware.kind, middleware.id, place=middleware.place)

    said = refused(created, created.find(), 1)
    for words in (
        "Hetzner: there is no server hetzner1",
        f"Hetzner: Primary IP hetzner2-ipv4 ({foreign.id}) belongs to something else: its label stack is staging",
        "Cloudflare: of origin certificates for admin.myhoneydue.com, api.myhoneydue.com, myhoneydue.com there is none",
        f"Cloudflare: there is no record {record.data['type']} api.myhoneydue.com {record.data['content']}",
        "has no Middleware honeydue/admin-auth",
    ):
        assert words in said


def test_an_object_whose_import_would_replace_it_is_refused(created: Lost) -> None:
    (network,) = created.world.objects("network")
    created.world.put("network", network.id, {**network.data, "ipRange": "10.9.0.0/16"})
    (key,) = created.world.objects("ssh_key")
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    created.world.put("ssh_key", key.id, {**key.data, "publicKey": other})
    said = refused(created, created.find(), 1)
    assert "ip_range is 10.9.0.0/16, and the stack file wants 10.0.0.0/16" in said
    assert "is another key than the recovery document's" in said


def test_two_origin_certificates_are_ambiguous_and_one_that_is_not_in_use_is_refused(created: Lost) -> None:
    (certificate,) = created.world.objects("origin_ca_certificate")
    (pulls,) = created.world.objects("authenticated_origin_pulls_certificate")
    other = {**certificate.data, "certificate": pulls.data["certificate"]}
    created.world.put(certificate.kind, "4711", other, provider="cloudflare")
    said = refused(created, created.find(), 1)
    assert f"there is 2 ({', '.join(sorted(['4711', certificate.id]))}); revoke those that are not in use" in said
    created.world.delete(certificate.kind, certificate.id)
    said = refused(created, created.find(), 1)
    assert "cloudflare-origin-cert holds another certificate than the one found at Cloudflare" in said


def test_two_equal_records_are_ambiguous(created: Lost) -> None:
    record = created.world.objects("dns_record")[0]
    created.world.put("dns_record", "f" * 32, record.data, provider="cloudflare", name=record.name)
    said = refused(created, created.find(), 1)
    assert f"there is 2 records {record.data['type']} {record.data['name']}" in said


def test_a_record_of_another_stack_is_refused(created: Lost) -> None:
    record = created.world.objects("dns_record")[0]
    created.world.put("dns_record", record.id, {**record.data, "comment": "hetzner1, honeydue/staging"})
    said = refused(created, created.find(), 1)
    assert "its comment is 'hetzner1, honeydue/staging'" in said


def test_a_newer_key_than_the_document_s_is_refused(created: Lost) -> None:
    created.checkout.edit(STACK, {"honeydue:originCertificate": {"generation": 2, "validityDays": 5475}})
    said = refused(created, created.find("--format", "markdown"), 1)
    assert "- the recovery document has no origin-2-key (tls:index/privateKey:PrivateKey)" in said


def test_a_key_with_other_inputs_than_it_was_created_with_is_refused(created: Lost) -> None:
    created.checkout.edit(STACK, {"honeydue:replacing": "hetzner2"})
    said = refused(created, created.find(), 1)
    assert "hetzner2-generation (random:index/randomId:RandomId)" in said
    assert "check out the commit and the stack file of the last update that succeeded" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is not JSON"),
        ('{"format": 99, "resources": {}}', "its format is 99, and this version reads format 1"),
        ('{"format": 1}', "resources: Field required"),
        ('{"format": 1, "resources": {"x": {"id": "1"}}}', "resources.x"),
    ],
)
def test_a_file_that_is_no_recovery_document_is_one_error(created: Lost, text: str, words: str) -> None:
    created.document.write_text(text)
    said = refused(created, created.find(), 2)
    assert words in said
    assert len(said.strip().splitlines()) == 1


def test_a_missing_document_a_wrong_kubeconfig_and_an_unknown_stack_are_one_error_each(created: Lost) -> None:
    created.kubeconfig.write_text("clusters: []")
    said = refused(created, created.find(), 2)
    assert "it is no kubeconfig with a server, its CA and a client certificate" in said
    created.document.unlink()
    assert "No such file or directory; --recovery takes a copy of" in refused(created, created.find(), 2)
    words = ("--stack", "none", "--recovery", "recovery.json", "--out", "import.json")
    done = created.checkout.run("python", "-m", "ops", "import", *words, check=False)
    assert "no stack named 'none' found" in refused(created, done, 2)


def test_a_token_of_another_form_is_one_error(created: Lost) -> None:
    created.checkout.run("pulumi", "config", "set", "--stack", STACK, "--secret", "hcloud:token", stdin="x" * 63)
    assert "hcloud:token: this secret has the wrong format" in refused(created, created.find(), 2)


@pytest.mark.parametrize(("api", "variable"), [("Hetzner", "HCLOUD_ENDPOINT"), ("Cloudflare", "CLOUDFLARE_BASE_URL")])
def test_an_api_that_does_not_answer_is_one_error(created: Lost, api: str, variable: str) -> None:
    variables = {**created.endpoints.variables, variable: "http://127.0.0.1:9/v1"}
    said = refused(created, replace(created, checkout=replace(created.checkout, variables=variables)).find(), 2)
    assert said.startswith(f"error: {api}: GET /")
    assert len(said.strip().splitlines()) == 1


def test_a_cluster_that_does_not_answer_is_one_error(created: Lost) -> None:
    text = created.kubeconfig.read_text()
    created.kubeconfig.write_text(text.replace("https://127.0.0.1:", "https://127.0.0.2:1"))
    assert "Kubernetes: GET /" in refused(created, created.find(), 2)


def test_the_json_result_lists_the_problems(created: Lost) -> None:
    (network,) = created.world.objects("network")
    created.world.delete("network", network.id)
    result = json.loads(created.find("--format", "json").stdout)
    assert result["file"] is None
    assert result["problems"] == [f"Hetzner: there is no network {network.name}"]
