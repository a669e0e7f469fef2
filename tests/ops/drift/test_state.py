"""The state as the comparison reads it: only resources that exist, and no connection without the plain text."""

import json

from ops.drift.state import Connection, read
from tests.ops.drift.exported import DIGEST, POLICY, SIGNATURE, export, server, settings

HERE = Connection(host="192.0.2.1", user="deploy", host_key="ssh-ed25519 AAAA", private_key="the key")


def test_a_server_has_its_connection_its_policy_its_settings_and_its_programs() -> None:
    state = read(export(server("a", HERE), api=HERE))
    [found] = state.servers
    assert state.stack == "test"
    assert (found.name, found.connection, found.ufw, found.k3s) == ("a", HERE, POLICY, settings("a"))
    assert found.ufw_program.startswith("/usr/local/lib/honeydue/ufw-")
    assert found.k3s_program.startswith("/usr/local/lib/honeydue/k3s-")
    assert (state.api_host, state.values_digest) == ("192.0.2.1", DIGEST)
    assert "the key" not in repr(state)


def test_an_encrypted_connection_is_none_and_the_policy_is_still_known() -> None:
    content = export(server("a", HERE))
    for resource in content["deployment"]["resources"]:
        if "connection" in resource["inputs"]:
            resource["inputs"]["connection"] = {SIGNATURE: "1b47", "ciphertext": "v1:abc"}
    [found] = read(json.loads(json.dumps(content))).servers
    assert found.connection is None
    assert found.ufw == POLICY


def test_a_server_that_waits_for_its_deletion_and_a_command_of_another_form_are_left_out() -> None:
    content = export(server("a", HERE, program="/tmp/x.py; reboot"), server("b", HERE))
    for resource in content["deployment"]["resources"][3:]:
        resource["delete"] = True
    [found] = read(content).servers
    assert (found.name, found.ufw_program, found.k3s_program) == ("a", "", "")


def test_an_empty_state_has_no_servers() -> None:
    assert read({"version": 3, "deployment": {}}).servers == ()
