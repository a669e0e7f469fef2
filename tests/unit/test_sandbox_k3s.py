"""k3s as the sandbox's servers install it: what it is told, what it shows to whom, and what routes lead to."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from sandbox.k3s.backends import manifests, services
from sandbox.k3s.node import pki, settings
from sandbox.k3s.supply import executable
from tests.stack_files import stack_config


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration file of a server."""
    monkeypatch.setattr(settings, "CONFIG", tmp_path / "config.yaml")
    return tmp_path / "config.yaml"


def drop_in(config: Path, name: str, content: object) -> None:
    """A file beside the configuration."""
    folder = config.with_name("config.yaml.d")
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(yaml.safe_dump(content))


def test_later_files_outrank_earlier_ones(config: Path) -> None:
    config.write_text(json.dumps({"node-name": "node1", "token": "first"}))
    drop_in(config, "10-token.yaml", {"token": "second"})
    drop_in(config, "20-token.yaml", {"token": "third"})
    assert settings.read("server") == {"node-name": "node1", "token": "third"}


@pytest.mark.parametrize(
    ("role", "key"),
    [("server", "clusterinit"), ("server", "node_ip"), ("agent", "cluster-init"), ("agent", "tls-san")],
)
def test_a_key_that_k3s_does_not_know_is_refused_by_name(config: Path, role: str, key: str) -> None:
    config.write_text(json.dumps({"node-name": "node1", key: "x"}))
    with pytest.raises(settings.SettingsError, match=f"not defined for k3s {role}: {key}$"):
        settings.read(role)


def test_all_unknown_keys_are_told_at_once(config: Path) -> None:
    config.write_text(json.dumps({"one": 1, "token": "t"}))
    drop_in(config, "10.yaml", {"two": 2})
    with pytest.raises(settings.SettingsError, match="one, two"):
        settings.read("server")


@pytest.mark.parametrize("text", ["- a list", "{broken"])
def test_what_is_no_mapping_is_refused(config: Path, text: str) -> None:
    config.write_text(text)
    with pytest.raises(settings.SettingsError, match=r"config\.yaml"):
        settings.read("server")


def test_a_servers_certificate_names_its_addresses_and_is_the_clusters(tmp_path: Path) -> None:
    pki.new_authority(tmp_path)
    shown = pki.serving(tmp_path, "serving", ["10.0.1.11", "198.51.100.1"], ["kubernetes"])
    checks = ["-verify_ip", "198.51.100.1", "-purpose", "sslserver", "-CAfile", str(tmp_path / "ca.crt")]
    done = subprocess.run(["openssl", "verify", *checks, shown], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    other = subprocess.run(
        ["openssl", "verify", "-verify_ip", "198.51.100.9", "-CAfile", str(tmp_path / "ca.crt"), shown],
        capture_output=True,
        check=False,
    )
    assert other.returncode != 0


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    pki.new_authority(tmp_path)
    pki.client(tmp_path, "client-admin", "system:admin", "system:masters")
    private = [*tmp_path.glob("*.key"), tmp_path / "encryption.json"]
    assert len(private) == 4
    assert {file.stat().st_mode & 0o077 for file in private} == {0}


def test_the_executable_is_a_python_program_with_the_flags_that_k3s_has(tmp_path: Path) -> None:
    packed = executable()
    assert packed.startswith(b"#!/usr/bin/python3\n")
    assert "node/server-flags.txt" in zipfile.ZipFile(io.BytesIO(packed)).namelist()
    program = tmp_path / "k3s"
    program.write_bytes(packed)
    done = subprocess.run([sys.executable, program, "bake"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "usage: k3s server" in done.stdout


def test_each_service_of_the_routes_gets_pods_of_its_own() -> None:
    found = services(stack_config("sandbox"))
    assert found == {"admin": 3000, "api": 8000, "api-next": 8000}
    service, deployment = manifests("api", 8000)
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] != manifests("api-next", 8000)[0]["spec"]["selector"]
