"""Previews of the real engine: the shape that the summary reads, and its words for the usual changes."""

import json
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from typing import Final

import pytest

from ops.markdown import LIMIT
from ops.preview import markdown, plain_data
from ops.preview.changes import Kind, changes, counts
from ops.preview.guard import judge
from sandbox.engine.find import find
from sandbox.engine.layout import Layout
from sandbox.engine.plugins import install_plugins
from sandbox.engine.voice import Plain
from tests.engine.conftest import Edits, Sandboxes
from tests.ops.preview.engine import Saved, another_version, save
from tests.stack_files import stack_config

CONFIG: Final = stack_config("sandbox")
ROUTES: Final = CONFIG["honeydue:routes"]
CHANGES: Final[dict[str, Edits]] = {
    "unchanged": {},
    "operator": {"honeydue:operators": ["198.18.0.10/32", "2001:2:0:ffff::/64", "198.18.0.99/32"]},
    "host": {"honeydue:routes": [{**ROUTES[0], "hosts": [*ROUTES[0]["hosts"], "new.sandbox.test"]}, *ROUTES[1:]]},
    "replacing": {"honeydue:replacing": "node2"},
    "canary": {
        "honeydue:routes": [
            {**route, "canary": {**route["canary"], "weight": 20}} if "canary" in route else route for route in ROUTES
        ]
    },
    "k3s": {"honeydue:k3sVersion": "v1.35.3+k3s1"},
    "teardown": {"honeydue:teardown": True},
    "refused": {"honeydue:networkRange": "10.1.0.0/16"},
}
KINDS: Final = {
    "create": Kind.CREATE,
    "update": Kind.UPDATE,
    "replace": Kind.REPLACE,
    "delete": Kind.DELETE,
    "same": Kind.SAME,
}
KEY: Final = "MIGHAgEAMBMGByqGSM49"
VIOLATION: Final = f"""
import pulumi
from pulumi_random import RandomId

pulumi.log.warn("careful")
key = "-----BEGIN PRIVATE KEY-----\\n{KEY}\\n-----END PRIVATE KEY-----"
RandomId("thing", byte_length=4, keepers={{"key": key}})
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Saved]:
    """A preview of an empty stack, of each change of the running stack, and of a program that a policy refuses."""
    layout = Layout()
    engine = find(layout.tools, Plain())
    install_plugins(layout)
    box = Sandboxes(engine=engine, home=tmp_path_factory.mktemp("previews") / "sandbox")
    found = {"first": save(box, {})}
    main = tmp_path_factory.mktemp("program") / "main.py"
    main.write_text(VIOLATION)
    found["violation"] = save(box, {}, main)
    stack = box()
    with closing(stack.world):
        stack.apply()
    with another_version("ufw"):
        found["program"] = save(box, {})
    return found | {name: save(box, edits) for name, edits in CHANGES.items()}


def test_counts_are_the_engine_s_own_and_nothing_is_of_an_unknown_kind(saved: Mapping[str, Saved]) -> None:
    for name, each in saved.items():
        own = Counter({KINDS[key]: number for key, number in json.loads(each.text)["changeSummary"].items()})
        assert counts(each.preview) == {kind: own[kind] for kind in Kind}, name


def test_every_change_is_in_a_sentence_of_every_preview(saved: Mapping[str, Saved]) -> None:
    for each in saved.values():
        sections = (each.summary.loud, *each.summary.groups)
        named = {name for part in sections for item in part.items for name in item.resources}
        assert named >= {change.name for change in changes(each.preview) if change.kind is not Kind.SAME}
        assert len(markdown.render(each.summary, None)) <= LIMIT


def test_an_unchanged_stack_has_no_changes(saved: Mapping[str, Saved]) -> None:
    assert saved["unchanged"].summary.headline.startswith("No changes, ")
    assert saved["unchanged"].sentences == []


def test_a_first_preview_is_all_new_and_not_refused(saved: Mapping[str, Saved]) -> None:
    first = saved["first"]
    assert first.summary.loud.items == ()
    assert [section.title for section in first.summary.groups][-2:] == ["routes", "other"]
    assert {name for item in first.summary.groups[-1].items for name in item.resources} == {
        "honeydue-sandbox",
        "recovery",
        *(f"node{number}-recovery" for number in (1, 2, 3)),
        "teardown-guard",
    }
    assert "a new record api.sandbox.test -> node1 (A)" in "\n".join(first.sentences)
    assert any("userData of node1, node2, node3" in item.text for item in first.summary.unknown.items)
    assert judge(first.preview, {}).findings == ()


def test_a_new_operator_opens_ports_in_both_firewalls(saved: Mapping[str, Saved]) -> None:
    assert saved["operator"].sentences == [
        "port 22 opens for 198.18.0.99/32 at node1, node2, node3, the cloud firewall",
        "port 6443 opens for 198.18.0.99/32 at node1, node2, node3, the cloud firewall",
        "the firewall's rules are confirmed on 3 servers",
        "the recovery document is written on 3 servers",
    ]
    assert judge(saved["operator"].preview, {}).findings == ()


def test_a_new_host_gets_records_a_route_and_another_certificate(saved: Mapping[str, Saved]) -> None:
    text = "\n".join(saved["host"].sentences)
    records = ", ".join(f"node{number} ({kind})" for number in (1, 2, 3) for kind in ("A", "AAAA"))
    assert f"a new record new.sandbox.test -> {records}" in text
    assert "route honeydue-api gets host new.sandbox.test" in text
    assert "origin certificate is deleted: origin-1-certificate-" in text
    assert judge(saved["host"].preview, {}).findings == ()


def test_a_replaced_server_is_loud_and_allowed(saved: Mapping[str, Saved]) -> None:
    summary = saved["replacing"].summary
    assert [item.text for part in summary.groups for item in part.items] == [
        "the recovery document is written on 2 servers"
    ]
    assert summary.loud.items[0].text == "node2 is replaced, and gets a new disk"
    assert summary.loud.items[0].resources == ("node2",)
    assert judge(saved["replacing"].preview, {}).findings == ()


def test_a_canary_s_weight_and_an_upgrade_are_one_sentence_each(saved: Mapping[str, Saved]) -> None:
    assert saved["canary"].sentences == ["canary.sandbox.test: weight of api-next 10 -> 20"]
    assert "k3s v1.34.6+k3s1 -> v1.35.3+k3s1 on 3 servers, one after another" in saved["k3s"].sentences


def test_a_changed_host_program_is_named_and_so_are_the_commands_that_run_it(saved: Mapping[str, Saved]) -> None:
    assert sorted(saved["program"].sentences) == [
        "host program ufw changes on 3 servers",
        "the recovery document is written on 3 servers",
        "ufw-apply runs again with a changed host program on 3 servers",
        "ufw-confirm runs again with a changed host program on 3 servers",
    ]


def test_teardown_ends_protection_and_weakens_tls(saved: Mapping[str, Saved]) -> None:
    assert "deletion protection ends: server node1, node2, node3" in saved["teardown"].sentences
    assert {finding.rule for finding in judge(saved["teardown"].preview, {}).refused} == {"tls-stays-strict"}


def test_a_refused_stack_file_gives_its_reason_once(saved: Mapping[str, Saved]) -> None:
    refused = saved["refused"]
    assert refused.code != 0
    [message] = refused.summary.diagnostics
    assert "honeydue:networkRange" in message.message
    assert [finding.rule for finding in judge(refused.preview, {}).refused] == ["preview-is-complete"]


def test_a_policy_s_message_is_not_in_the_json_and_the_summary_says_where_it_is(saved: Mapping[str, Saved]) -> None:
    violation = saved["violation"]
    assert violation.code != 0
    assert "no-plain-secrets" not in violation.text
    assert "every-value-is-judged" not in saved["first"].text
    assert [(each.severity, each.message) for each in violation.summary.diagnostics] == [
        ("error", "preview failed"),
        ("warning", "careful"),
    ]
    assert "`pulumi preview --json` omits them" in violation.summary.notes[0]


def test_no_secret_is_in_a_summary(saved: Mapping[str, Saved]) -> None:
    assert KEY in saved["violation"].text, "the engine prints a key that is a plain input"
    for each in saved.values():
        everything = markdown.render(each.summary, None) + plain_data.render(each.summary, None)
        for sign in (KEY, "PRIVATE KEY-----", "client-key-data", "4dabf18193072939515e22adb298388d"):
            assert sign not in everything
