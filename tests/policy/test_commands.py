"""Commands over SSH: their connection, what they run, and what they get on stdin; one field broken at a time."""

import json
from typing import Any

import pytest

from guardrails import UNKNOWN, Secret, judge
from guardrails.releases.commands import CALLS
from guardrails.releases.k3s_settings import k3s_releases
from guardrails.releases.programs import programs
from tests.policy.compliant import ABSENT, Path, call, command, join_settings, put, stack, with_property
from tests.policy.verdict import leaves, passes, refuses

RULE = "commands-are-known"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("connection", "user"), "root", "connection.user is 'root'; it must be a user other than root"),
        (("connection", "user"), ABSENT, "connection.user is missing"),
        (("connection", "host"), "evil.example.com", "connection.host is 'evil.example.com'; it must be an IPv4"),
        (("connection", "hostKey"), "ssh-rsa AAAA", "connection.hostKey is 'ssh-rsa AAAA'"),
        (("connection", "privateKey"), ABSENT, "connection.privateKey is missing"),
        (("connection", "password"), "hunter2", "connection.password is not known here; add it to INPUTS in"),
        (("connection", "agentSocketPath"), "/tmp/a", "connection.agentSocketPath is not known here"),
        (("connection", "proxy"), {"host": "x"}, "connection.proxy is not known here"),
        (("connection", "port"), 2222, "connection.port is 2222"),
        (("connection", "dialErrorLimit"), 0, "connection.dialErrorLimit is 0"),
        (("connection", "perDialTimeout"), 10**6, "connection.perDialTimeout is 1000000"),
        (("connection",), ABSENT, "connection.hostKey is missing"),
        (("logging",), "stdoutAndStderr", "logging is 'stdoutAndStderr'; set it to 'none'"),
        (("logging",), ABSENT, "logging is missing"),
        (("addPreviousOutputInEnv",), True, "addPreviousOutputInEnv is True; set it to False"),
        (("addPreviousOutputInEnv",), ABSENT, "addPreviousOutputInEnv is missing"),
        (("environment",), {"X": "1"}, "environment is not known here; add it to INPUTS in"),
        (("assetPaths",), ["/etc/shadow"], "assetPaths is not known here"),
        (("create",), ABSENT, "create is missing, but must be a string"),
        (("stdin",), "{}", "stdin is not empty, but boot wait reads nothing; remove it"),
        (("delete",), call("boot", "wait"), "delete calls boot wait, which does not run before a deletion"),
    ],
)
def test_a_field_that_is_broken_is_refused(path: Path, value: Any, says: str) -> None:
    refuses(with_property("Command", "node1-boot", path, value), RULE, says)


@pytest.mark.parametrize(
    ("program", "rest"),
    [
        ("boot", "wait now"),
        ("boot", "start"),
        ("cluster", "kubeconfig latest"),
        ("evict", "evict node1 server force"),
        ("evict", "check node1 'server; ufw disable'"),
        ("k3s", "join v1.34.6+k3s1"),
        ("k3s", "join v1.34.6+k3s1 0123456789abcdef; ufw disable"),
        ("rollout", "wait 0123456789abcdef 99999"),
        ("ufw", "apply && ufw disable"),
        ("ufw", "apply\nufw disable"),
        ("ufw", "reset"),
    ],
)
def test_a_call_that_is_not_known_is_refused(program: str, rest: str) -> None:
    refuses([*stack(), command("more", call(program, rest))], RULE, "create ")


def test_every_known_call_is_of_a_program_of_this_repository() -> None:
    assert {verb.partition(" ")[0] for verb in CALLS} == set(programs())


def test_a_release_of_k3s_must_be_in_the_catalogue() -> None:
    assert "v1.34.6+k3s1" in k3s_releases()
    tokens = Secret(json.dumps({"token": "t"}))
    older = command("more", call("k3s", "join v1.20.0+k3s1 0123456789abcdef"), tokens)
    refuses([*stack(), older], RULE, "not in K3S_RELEASES of components/versions.py")


@pytest.mark.parametrize(
    ("stdin", "says"),
    [
        ({"token": ""}, "stdin.token is another text; it must be a token"),
        ({}, "stdin.token is missing"),
        ({"token": "t", "server": "https://x"}, "stdin.server is not known here; add it to CALLS in"),
        ([], "stdin contains list"),
    ],
)
def test_the_tokens_of_a_join_are_known(stdin: Any, says: str) -> None:
    refuses(with_property("Command", "node1-k3s", ("stdin",), Secret(json.dumps(stdin))), RULE, says)


def test_no_message_shows_a_token() -> None:
    for stdin in ('{"token": "hunter2", "more": "hunter2"}', '{"token": "hunter2"', '["hunter2"]'):
        for item in judge(with_property("Command", "node1-k3s", ("stdin",), Secret(stdin))):
            assert "hunter2" not in item.message


def test_the_recovery_document_has_a_format_and_resources_only() -> None:
    values: tuple[Any, ...] = ({"format": 0}, {"format": 1, "script": "x"}, [])
    for value in values:
        refuses(with_property("Command", "node1-recovery", ("stdin",), Secret(json.dumps(value))), RULE, "stdin")
    plain = json.dumps({"format": 1, "resources": {"key": "-----BEGIN PRIVATE KEY-----"}})
    refuses(with_property("Command", "node1-recovery", ("stdin",), plain), "no-plain-secrets", "stdin contains")


@pytest.mark.parametrize("value", ["", "x", "0" * 15, 7])
def test_a_confirmation_has_a_digest(value: Any) -> None:
    text = json.dumps({"confirm": value})
    refuses(with_property("Command", "node1-ufw-confirm", ("stdin",), text), RULE, "stdin.confirm")


@pytest.mark.parametrize(
    "path", [("name",), ("role",), ("initialise",), ("version",), ("installer",), ("privateIp",), ("readySeconds",)]
)
def test_every_setting_of_a_join_is_required(path: Path) -> None:
    text = json.dumps(put(join_settings(), path, ABSENT))
    refuses(with_property("Command", "node1-settings", ("stdin",), text), RULE, f"stdin.{path[0]} is missing")


@pytest.mark.parametrize(
    "installer",
    ["https://raw.githubusercontent.com/k3s-io/k3s/v1.36.4%2Bk3s1/install.sh", "http://10.0.1.2:8080/install.sh"],
)
def test_an_installer_of_k3s_or_from_a_private_address_passes(installer: str) -> None:
    text = json.dumps(put(join_settings(), ("installer",), installer))
    passes(with_property("Command", "node1-settings", ("stdin",), text))


@pytest.mark.parametrize(
    ("name", "path", "place"),
    [
        ("node1-boot", ("create",), "create"),
        ("node1-boot", ("connection",), "connection"),
        ("node1-boot", ("connection", "host"), "connection.host"),
        ("node1-membership", ("delete",), "delete"),
        ("node1-settings", ("stdin",), "stdin"),
        ("node1-programs", ("stdin",), "stdin"),
    ],
)
def test_an_unknown_value_is_reported(name: str, path: Path, place: str) -> None:
    leaves(with_property("Command", name, path, UNKNOWN), RULE, place)
