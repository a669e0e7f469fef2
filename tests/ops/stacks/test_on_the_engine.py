"""A file of `new-stack` on the real engine: its commands lead to a preview that the policies accept."""

import shlex
from pathlib import Path

import pytest

from sandbox.engine import secrets
from sandbox.engine.find import find
from sandbox.engine.layout import Layout
from sandbox.engine.plugins import install_plugins
from sandbox.engine.voice import Plain
from tests.checkout import Checkout, copy_repository
from tests.ops.stacks.commands import flags


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A copy of the repository without a stack."""
    layout = Layout()
    engine = find(layout.tools, Plain())
    install_plugins(layout)
    return Checkout(folder=copy_repository(tmp_path / "checkout"), engine=engine, home=tmp_path / "sandbox")


def test_the_printed_commands_lead_to_a_preview_and_promote_keeps_what_the_cli_encrypted(checkout: Checkout) -> None:
    done = checkout.run("python", "-m", "ops", "new-stack", "demo", *flags(backend="file:///unused"))
    file = checkout.folder / "Pulumi.demo.yaml"
    written = file.read_text()
    commands = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    generated = secrets.generate(checkout.layout, "demo", secrets.known())
    previews = []
    for command in commands:
        words = shlex.split(command.rpartition("|")[2])
        if words[:3] == ["pulumi", "stack", "init"]:
            checkout.run(*words)
        elif words[:3] == ["pulumi", "config", "set"]:
            checkout.run(*words, stdin=generated.values[words[-1]])
        elif words[:2] == ["pulumi", "preview"]:
            previews.append(checkout.run(*words))
    (preview,) = previews
    assert "demo-hetzner1" in preview.stdout or "hetzner1" in preview.stdout
    assert "honeydue@v" in preview.stdout, "the pack was not run"

    encrypted = file.read_text()
    assert encrypted.count("secure:") == 3
    assert encrypted.startswith(written.rstrip("\n")), "the CLI changed the comments or the order"
    with (checkout.folder / "Pulumi.staging.yaml").open("a") as staging:
        staging.write("  honeydue:minTlsVersion: '1.3'\n")
    checkout.run("python", "-m", "ops", "promote", "staging", "demo", "--key", "minTlsVersion", "--write")
    added = "  honeydue:minTlsVersion: '1.3'\n"
    assert file.read_text().replace(added, "") == encrypted
    config = checkout.run("pulumi", "config", "get", "--stack", "demo", "minTlsVersion")
    assert config.stdout.strip() == "1.3"
    token = checkout.run("pulumi", "config", "get", "--stack", "demo", "hcloud:token")
    assert token.stdout.strip() == generated.values["hcloud:token"]
