"""What the engine sees: nothing that opens a real account, nothing of the operator's own pulumi."""

import stat
from pathlib import Path

import pytest

from sandbox.engine.environment import engine_environment, without_accounts
from sandbox.engine.layout import Layout

OPENS_AN_ACCOUNT = (
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_BACKEND_URL",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_HOME",
    "HCLOUD_TOKEN",
    "CLOUDFLARE_API_TOKEN",
    "CLOUDFLARE_EMAIL",
    "KUBECONFIG",
    "AWS_SECRET_ACCESS_KEY",
    "HONEYDUE_SANDBOX_FAULTS",
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tools=tmp_path / "tools", home=tmp_path / "home")


@pytest.mark.parametrize("name", OPENS_AN_ACCOUNT)
def test_no_account_of_the_operator_reaches_the_engine(
    name: str, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "the-operators-own")
    assert "the-operators-own" not in engine_environment(layout).values(), f"{name} could open a real account"


def test_what_a_program_needs_to_run_at_all_is_kept() -> None:
    needed = {"PATH": "/bin", "HOME": "/home/me", "LANG": "C.UTF-8", "SSL_CERT_FILE": "/ca", "TMPDIR": "/tmp"}
    assert without_accounts(needed) == needed


def test_a_real_provider_on_path_is_never_taken_for_ours(layout: Layout) -> None:
    environment = engine_environment(layout)
    assert environment["PULUMI_IGNORE_AMBIENT_PLUGINS"] == "true", "the engine prefers plugins on PATH: a real hcloud"
    assert environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true", "nor may it fetch one"


def test_state_home_and_world_lie_in_the_sandbox(layout: Layout) -> None:
    environment = engine_environment(layout)
    assert environment["PULUMI_BACKEND_URL"] == f"file://{layout.home}/state?metadata=skip"
    assert environment["PULUMI_HOME"] == f"{layout.tools}/pulumi-home"
    assert environment["HONEYDUE_SANDBOX_WORLD"] == f"{layout.home}/world.sqlite"


def test_the_passphrase_is_made_once_and_for_the_owner_only(layout: Layout) -> None:
    first = engine_environment(layout)["PULUMI_CONFIG_PASSPHRASE"]
    again = engine_environment(layout)["PULUMI_CONFIG_PASSPHRASE"]
    assert first == again, "with another passphrase the state could not be read"
    assert len(first) >= 32
    assert stat.S_IMODE(layout.passphrase.stat().st_mode) == 0o600
