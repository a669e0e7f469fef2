"""The rotations of docs/security.md: every command as it is written there, on a stack of production's."""

import base64
import json
import re
from typing import Any

import pytest
from cryptography import x509

from sandbox.engine.find import Engine
from sandbox.engine.layout import ROOT
from sandbox.world import World
from tests.checkout import Checkout, copy_repository

OPERATORS = {"honeydue:operators": ["198.18.0.10/32"]}


@pytest.fixture(scope="module")
def checkout(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Production, brought up; PULUMI_SKIP_CONFIRMATIONS answers `yes` where the CLI would ask an operator."""
    home = tmp_path_factory.mktemp("rotation")
    folder = copy_repository(home / "clone")
    variables = {"PULUMI_SKIP_CONFIRMATIONS": "true"}
    made = Checkout(folder=folder, engine=engine, home=home / "sandbox", variables=variables)
    made.start_stack("prod", OPERATORS)
    made.run("pulumi", "up", "--policy-pack", "policy")
    return made


def documented(heading: str) -> list[str]:
    """The commands below a heading of docs/security.md."""
    section = (ROOT / "docs" / "security.md").read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [str(line) for line in block.splitlines()]


def outputs(checkout: Checkout, name: str) -> dict[str, Any]:
    """The outputs and the id of the resource whose URN ends with this name, from the state."""
    state = json.loads(checkout.run("pulumi", "stack", "export").stdout)
    (found,) = [item for item in state["deployment"]["resources"] if item["urn"].endswith(f":{name}")]
    return {**found["outputs"], "id": found.get("id")}


def test_the_documented_commands_rotate_a_host_key(checkout: Checkout) -> None:
    servers = ("hetzner1", "hetzner2", "hetzner3")
    keys = {name: outputs(checkout, f"{name}-host-key")["publicKeyOpenssh"] for name in servers}
    identities = {name: outputs(checkout, f"Server::{name}")["id"] for name in servers}
    addresses = {name: outputs(checkout, f"Server::{name}")["ipv4Address"] for name in servers}
    for command in documented("Rotating a host key"):
        checkout.run("sh", "-c", command)
    new = {name: outputs(checkout, f"{name}-host-key")["publicKeyOpenssh"] for name in servers}
    assert {name for name in servers if new[name] != keys[name]} == {"hetzner2"}
    assert {name for name in servers if outputs(checkout, f"Server::{name}")["id"] != identities[name]} == {"hetzner2"}
    assert {name: outputs(checkout, f"Server::{name}")["ipv4Address"] for name in servers} == addresses
    (server,) = [item for item in World(checkout.layout.world).objects("server") if item.name == "hetzner2"]
    assert new["hetzner2"].strip() in json.dumps(server.data), "the server has another key than the program expects"
    checkout.run("pulumi", "preview", "--policy-pack", "policy", "--expect-no-changes")


def test_the_documented_commands_rotate_the_ca(checkout: Checkout) -> None:
    before = outputs(checkout, ":pulls-ca")["certPem"]
    for command in documented("Rotating the CA of the origin pulls"):
        checkout.run("sh", "-c", command)
    authority = x509.load_pem_x509_certificate(outputs(checkout, ":pulls-ca")["certPem"].encode())
    assert outputs(checkout, ":pulls-ca")["certPem"] != before
    presented = x509.load_pem_x509_certificate(outputs(checkout, "pulls-1-presented")["certificate"].encode())
    presented.verify_directly_issued_by(authority)
    (secret,) = [item for item in World(checkout.layout.world).objects("secret") if item.name == "origin-pulls-ca"]
    trusted = base64.b64decode(secret.data["data"]["ca.crt"])
    assert x509.load_pem_x509_certificate(trusted) == authority, (
        "Traefik trusts another CA than Cloudflare's certificate"
    )
    checkout.run("pulumi", "preview", "--policy-pack", "policy", "--expect-no-changes")
