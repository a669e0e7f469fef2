"""The recovery document holds all that exists only in the state, and changes only when that changes."""

import importlib
import json
from typing import Any

import pytest

from components.recovery import KEPT
from tests.program.recorder import Recording, record
from tests.stack_files import stack_config

ONLY_IN_THE_STATE = ("tls:", "random:", "command:")
SERVERS = stack_config("prod")["honeydue:servers"]


def document(recording: Recording) -> dict[str, Any]:
    """Return the resources of the document that each control plane gets."""
    texts = {item.inputs["stdin"] for item in recording.registrations if item.name.endswith("-recovery")}
    assert len(texts) == 1
    found: dict[str, Any] = json.loads(texts.pop())["resources"]
    return found


def test_every_resource_that_no_cloud_has_is_in_the_document(recording: Recording) -> None:
    wanted = {
        f"{item.type}::{item.name}"
        for item in recording.registrations
        if item.type.startswith(ONLY_IN_THE_STATE)
        and not item.name.endswith("-recovery")
        and item.name != "origin-1-request"
    }
    presented = {key for key in document(recording) if key.startswith("cloudflare:")}
    assert document(recording).keys() - presented == wanted
    assert [key.rpartition("::")[2] for key in presented] == ["pulls-1-presented"]


def test_each_entry_has_the_id_and_the_outputs_that_the_state_has(prod: Recording) -> None:
    key = prod.named("edge-ssh", ":PrivateKey")
    entry = document(prod)[f"{key.type}::edge-ssh"]
    assert entry["id"] == key.answered["id"]
    assert entry["outputs"]["privateKeyPem"] == f"-----BEGIN PRIVATE KEY-----{entry['id']}"


def test_the_document_is_secret_and_goes_to_control_planes_only() -> None:
    agent = {"name": "hetzner4", "privateIp": "10.0.1.14", "role": "agent"}
    recording = record("prod", {"honeydue:servers": [*SERVERS, agent]})
    writers = [item for item in recording.registrations if item.name.endswith("-recovery")]
    assert {item.name for item in writers} == {f"{server['name']}-recovery" for server in SERVERS}
    assert len(writers) == len(SERVERS)
    assert all("stdin" in item.secret_inputs for item in writers)


@pytest.mark.parametrize(
    "edits",
    [
        {"honeydue:routes": [{"name": "one", "hosts": ["new.myhoneydue.com"], "service": "api", "port": 8000}]},
        {"honeydue:rateLimit": {"average": 30, "burst": 40}},
        {"honeydue:apiNode": "hetzner2"},
        {"honeydue:minTlsVersion": "1.3"},
    ],
)
def test_routine_changes_do_not_touch_the_document(prod: Recording, edits: dict[str, Any]) -> None:
    after = document(record("prod", edits, deployed=prod))
    changed = {key.rpartition("::")[2] for key in document(prod) if after.get(key) != document(prod)[key]}
    assert changed <= {f"{server['name']}-membership" for server in SERVERS}, (
        "it would need a connection to each server"
    )
    if "honeydue:apiNode" not in edits:
        assert not changed


def test_another_input_of_a_command_is_another_digest(prod: Recording) -> None:
    operators = ["198.18.7.7/32", "2001:2:0:7::/64", "198.18.7.8/32"]
    after = document(record("prod", {"honeydue:operators": operators}, deployed=prod))
    changed = {key.rpartition("::")[2] for key, entry in document(prod).items() if after[key] != entry}
    assert changed == {f"{server['name']}-ufw-{step}" for server in SERVERS for step in ("apply", "confirm")}


def test_the_outputs_that_are_kept_are_outputs_of_the_sdk() -> None:
    for kind, names in KEPT.items():
        package, _, name = kind.partition(":")
        if package == "cloudflare" or not names:
            continue
        resource = getattr(importlib.import_module(f"pulumi_{package}"), name.rpartition(":")[2])
        assert all(isinstance(getattr(resource, each), property) for each in names), kind
