"""remote.Command on recorded servers: who is let in, what runs when, and what is replaced."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from components import host_programs
from components.ssh import Script
from sandbox.providers import command
from sandbox.providers.refusal import RefusalError
from sandbox.providers.tls_keys import new_key, spellings
from sandbox.world import World
from tests.providers.plugin import Plugin

COMMAND = "command:remote:Command"
ADDRESS = "198.51.100.1"
USER, HOST, OTHER = (spellings(new_key("ED25519", "", 0)) for _ in range(3))
WAIT = Script(program="boot", verb="wait").text
INSTALL, PROGRAMS = host_programs.installation_command(), host_programs.installation_script()


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One server, whose first boot laid out the host key and let `deploy` in."""
    first_boot = {
        "ssh_keys": {"ed25519_public": HOST["publicKeyOpenssh"]},
        "users": [{"name": "deploy", "ssh_authorized_keys": [USER["publicKeyOpenssh"]]}],
    }
    found = World(tmp_path / "world.sqlite")
    user_data = f"#cloud-config\n{yaml.safe_dump(first_boot)}"
    found.put("server", "1", {"status": "running", "_userData": user_data}, name="node1")
    found.put("primary_ip", "2", {"type": "ipv4", "ipAddress": ADDRESS, "assigneeId": "1"})
    return found


@pytest.fixture
def ssh(world: World) -> Plugin:
    """The plugin, with the host programs on the server."""
    plugin = Plugin(command.provider(world))
    plugin.make(COMMAND, "programs", connection=connection(), create=INSTALL, stdin=PROGRAMS)
    return plugin


def connection(**changes: Any) -> dict[str, Any]:
    known = {"host": ADDRESS, "user": "deploy", "privateKey": USER["privateKeyOpenssh"]}
    return {**known, "hostKey": HOST["publicKeyOpenssh"], **changes}


def test_a_host_program_is_answered_with_what_it_prints(ssh: Plugin) -> None:
    made = ssh.make(COMMAND, connection=connection(), create=WAIT)
    assert made.state["stdout"] == '{"cloudInit": "done"}'


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hostKey": OTHER["publicKeyOpenssh"]}, "host key mismatch"),
        ({"privateKey": OTHER["privateKeyOpenssh"]}, "unable to authenticate"),
        ({"user": "root"}, "unable to authenticate"),
        ({"host": "198.51.100.9"}, "connection refused"),
    ],
)
def test_who_is_not_let_in_is_told_why(ssh: Plugin, change: dict[str, str], says: str) -> None:
    assert says in ssh.refused(COMMAND, connection=connection(**change), create=WAIT)


def test_a_server_without_power_does_not_answer(ssh: Plugin, world: World) -> None:
    found = world.get("server", "1")
    assert found is not None
    world.put("server", "1", {**found.data, "status": "off"})
    assert "i/o timeout" in ssh.refused(COMMAND, connection=connection(), create=WAIT)


def test_an_environment_needs_a_server_that_accepts_it(ssh: Plugin) -> None:
    said = ssh.refused(COMMAND, connection=connection(), create=WAIT, environment={"TOKEN": "t"})
    assert "could not set environment variable" in said


@pytest.mark.parametrize("script", ["rm -rf /", WAIT.replace(" wait", " dance"), WAIT.replace("python3", "sh")])
def test_a_recorded_server_runs_only_the_host_programs(ssh: Plugin, script: str) -> None:
    assert "a recorded server cannot run" in ssh.refused(COMMAND, connection=connection(), create=script)


def test_a_program_that_was_not_copied_cannot_run(ssh: Plugin) -> None:
    other = WAIT.replace(host_programs.stem("boot"), "boot-0123456789abcdef")
    said = ssh.refused(COMMAND, connection=connection(), create=other)
    assert said.startswith(f'Process exited with status 2: running "{other}":\n')
    assert "No such file or directory" in said


def test_a_program_that_changes_on_its_way_is_refused(ssh: Plugin) -> None:
    damaged = PROGRAMS.replace("cloud-init", "cloud-exit")
    said = ssh.refused(COMMAND, connection=connection(), create=INSTALL, stdin=damaged)
    assert "boot was damaged on its way" in said


def test_triggers_replace_and_all_else_runs_again(ssh: Plugin) -> None:
    made = ssh.make(COMMAND, connection=connection(), create=WAIT, triggers=["1"])
    assert ssh.diff(made, triggers=["2"])[1] == {"triggers"}
    assert ssh.diff(made, stdin="more")[:2] == ({"stdin"}, set())
    assert ssh.diff(made, connection=connection(dialErrorLimit=5))[:2] == ({"connection"}, set())


def test_a_deletion_runs_its_script_or_nothing(ssh: Plugin, world: World) -> None:
    silent = ssh.make(COMMAND, "silent", connection=connection(), create=WAIT)
    loud = ssh.make(COMMAND, "loud", connection=connection(), create=WAIT, delete=WAIT)
    world.delete("server", "1")
    ssh.delete(silent)
    with pytest.raises(RefusalError, match="connection refused"):
        ssh.delete(loud)


def test_there_must_be_somewhere_to_connect_to(ssh: Plugin) -> None:
    assert "missing required property 'host'" in ssh.problems(COMMAND, connection={"host": ""}, create=WAIT)
