import json
from collections import Counter
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.markdown import LIMIT
from ops.preview import markdown, plain_data
from ops.preview.changes import GROUPS, Kind, changes, counts
from ops.preview.summary import Summary, summarise
from tests.ops.preview.previews import (
    CERTIFICATE,
    COMMAND,
    FIREWALL,
    RECORD,
    SERVER,
    UFW,
    WEIGHTED,
    cloud_rules,
    preview,
    record,
    step,
    ufw_rules,
)

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
PEM: Final = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----"
TOKEN: Final = "aB3" * 21 + "x"
KUBECONFIG: Final = "apiVersion: v1\nkind: Config\nusers: [{user: {client-key-data: LS0tLS1CRUdJTiBQ}}]"
OPERATIONS: Final = [
    "create",
    "update",
    "delete",
    "replace",
    "same",
    "create-replacement",
    "delete-replaced",
    "import",
    "read",
    "refresh",
    "discard",
    "remove-pending-replace",
    "later-invention",
]
TYPES: Final = (SERVER, FIREWALL, UFW, RECORD, WEIGHTED, "pulumi:pulumi:Stack", "a:b:New", "odd")


def weighted(stable: int, canary: int) -> dict[str, Any]:
    services = [{"name": "api-v1", "weight": stable}, {"name": "api-next", "weight": canary}]
    return {"metadata": {"name": "api-weighted"}, "spec": {"weighted": {"services": services}}}


def sentences(summary: Summary) -> list[str]:
    return [item.text for section in (summary.loud, *summary.groups) for item in section.items]


def said(*steps: dict[str, Any]) -> list[str]:
    return sentences(summarise(preview(*steps)))


def programs(digest: str) -> dict[str, str]:
    return {"create": f"sudo sh -s -- boot-{'0' * 16} ufw-{digest * 16}"}


def joining(version: str) -> dict[str, str]:
    return {"create": f"sudo python3 /usr/local/lib/honeydue/k3s-{'1' * 16}.py join {version} {'2' * 16}"}


# Words


def test_a_source_opens_a_port_in_the_cloud_firewall_and_on_each_server() -> None:
    before, after = {"p443": ["192.0.2.0/24"]}, {"p443": ["192.0.2.0/24", "2606:4700::/32"]}
    assert said(
        step("update", FIREWALL, "edge-firewall", cloud_rules(**before), cloud_rules(**after)),
        *[
            step("update", UFW, f"node{number}-ufw-apply", ufw_rules(**before), ufw_rules(**after))
            for number in (10, 2, 1)
        ],
    ) == [
        "port 443 opens for 2606:4700::/32 at node1, node2, node10, the cloud firewall",
    ]


def test_many_sources_are_counted() -> None:
    after = {"p443": [f"192.0.{number}.0/24" for number in range(9)]}
    [sentence] = said(step("update", FIREWALL, "f", cloud_rules(), cloud_rules(**after)))
    assert sentence.startswith("port 443 opens for 9 ranges (192.0.0.0/24,")


def test_a_canary_s_weight_names_the_host() -> None:
    assert said(step("update", WEIGHTED, "w", weighted(95, 5), weighted(80, 20))) == [
        "api.example.com: weight of api-next 5 -> 20"
    ]


def test_a_replaced_server_comes_first_and_gets_a_new_disk() -> None:
    assert said(
        step("create", RECORD, "r", None, record("node2")),
        step("replace", COMMAND, "node2-boot", {}, {}),
        step("replace", SERVER, "node2", {"image": "debian-12"}, {"image": "debian-13"}),
    ) == [
        "node2 is replaced, and gets a new disk, image debian-12 -> debian-13",
        "commands run on the new server: node2-boot",
        "a new record api.example.com -> node2 (A)",
    ]


def test_a_changed_host_program_and_k3s_release_are_counted_by_server() -> None:
    nodes = ("node1", "node2", "node3")
    assert said(
        *[step("update", COMMAND, f"{node}-programs", programs("a"), programs("b")) for node in nodes],
        *[step("update", COMMAND, f"{node}-k3s", joining("v1.34.6+k3s1"), joining("v1.35.3+k3s1")) for node in nodes],
    ) == ["host program ufw changes on 3 servers", "k3s v1.34.6+k3s1 -> v1.35.3+k3s1 on 3 servers, one after another"]


def test_ended_protection_is_loud() -> None:
    ended = step("same", SERVER, "node1", {}, {})
    ended["oldState"]["protect"] = True
    replaced = step("replace", SERVER, "node2", {}, {})
    replaced["oldState"]["protect"] = True
    summary = summarise(preview(ended, replaced, same=1))
    assert [item.text for item in summary.loud.items] == [
        "node2 is replaced, and gets a new disk",
        "deletion protection ends: server node1",
    ]


def test_groups_follow_the_data_flow_and_unknown_types_are_under_other() -> None:
    summary = summarise(
        preview(*[step("create", kind, f"x{index}", None, {"a": UNKNOWN}) for index, kind in enumerate(TYPES)])
    )
    titles = [section.title for section in summary.groups]
    assert titles == [group for group in GROUPS if group in titles]
    assert titles[-1] == "other"
    assert [item.text for item in summary.unknown.items] == ["a of x0, x1, x2, x3, x4, x5, x6, x7"]


# Nothing is lost


@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(TYPES), st.integers(0, 9)), max_size=30))
def test_every_step_is_counted_and_every_change_is_in_a_sentence(entries: list[tuple[str, str, int]]) -> None:
    found = preview(*[step(operation, kind, f"n{number}", {}, {"a": number}) for operation, kind, number in entries])
    every = changes(found)
    assert {entry.key for entry in found.steps} == {f"urn:pulumi:prod::honeydue::{k}::n{n}" for _, k, n in entries}
    number = counts(found)
    assert {kind: number[kind] for kind in Kind if kind is not Kind.SAME} == {
        kind: Counter(change.kind for change in every)[kind] for kind in Kind if kind is not Kind.SAME
    }
    assert number[Kind.SAME] == sum(operation == "same" for operation, _, _ in entries)
    summary = summarise(found)
    named = {
        (item.kind, name) for part in (summary.loud, *summary.groups) for item in part.items for name in item.resources
    }
    assert named == {(change.kind, change.name) for change in every if change.kind is not Kind.SAME}


def test_the_three_steps_of_one_replacement_count_once() -> None:
    found = preview(
        step("delete-replaced", SERVER, "node1", {"a": 1}),
        step("replace", SERVER, "node1", {"a": 1}, {"a": 2}),
        step("create-replacement", SERVER, "node1", None, {"a": 2}),
    )
    assert counts(found)[Kind.REPLACE] == 1
    [change] = changes(found)
    assert (change.before, change.after) == ({"a": 1}, {"a": 2})


# Markdown


def many(number: int, *, loud: int = 0) -> Summary:
    body = {"p443": [f"10.{index // 250}.{index % 250}.0/24" for index in range(40)]}
    quiet = [
        step("create", RECORD, f"r{index}", None, record("node1", "A", f"host-{index}.example.com"))
        for index in range(number - loud)
    ]
    gone = [step("delete", SERVER, f"node{index}", cloud_rules(**body)) for index in range(loud)]
    return summarise(preview(*quiet, *gone))


@pytest.mark.parametrize("loud", [0, 3, 200, 3000])
def test_three_thousand_resources_fit_into_a_comment_and_groups_are_shortened_first(loud: int) -> None:
    comment = markdown.render(many(3000, loud=loud), None)
    assert len(comment) <= LIMIT
    shown = sum(f"- node{index} is deleted" in comment for index in range(loud))
    records = comment.count("- a new record")
    assert ((shown == loud or records == 0) and shown > 0) or not loud, "loud items go last"
    left_out = sum(int(part.split()[-1].replace(",", "")) for part in _left_out(comment))
    assert shown + records + left_out == 3000


def _left_out(comment: str) -> list[str]:
    return [line.partition(" of ")[0].removeprefix("- ") for line in comment.splitlines() if "items left out" in line]


def test_a_short_comment_folds_the_raw_difference_beneath_its_item() -> None:
    comment = markdown.render(many(1), None)
    assert "<details><summary>raw difference</summary>" in comment
    assert "+name: host-0.example.com" in comment


def test_a_long_comment_loses_raw_differences_before_items() -> None:
    comment = markdown.render(many(200, loud=10), None, limit=40_000)
    assert len(comment) <= 40_000
    assert "items left out" not in comment
    assert comment.count("raw difference") == 10, "the loud items come last here too"


def test_markup_in_a_preview_stays_text() -> None:
    name = "<b>@someone</b> `x` [a](b)"
    comment = markdown.render(summarise(preview(step("delete", "a:b:C", name, {"t": "````"}))), None)
    assert "<b>" not in comment.partition("<details>")[0]
    assert "@someone" not in comment.partition("<details>")[0]
    assert "\n  `````diff\n" in comment


def test_an_empty_preview_says_no_changes_in_every_rendering() -> None:
    summary = summarise(preview(same=137))
    assert summary.headline == "No changes, 137 unchanged"
    assert "No changes" in markdown.render(summary, None)
    assert json.loads(plain_data.render(summary, None))["counts"]["unchanged"] == 137


def test_few_changed_inputs_are_named_with_both_values() -> None:
    before = {"spec": {"rateLimit": {"average": 20, "burst": 40, "period": "1s"}}}
    after = {"spec": {"rateLimit": {"average": 40, "burst": 40, "period": "1s"}}}
    kind = "honeydue:index:Routes$kubernetes:traefik.io/v1alpha1:Middleware"
    change = step("update", kind, "rate-limit", before, after)
    assert sentences(summarise(preview(change))) == ["Middleware changes (spec.rateLimit.average 20 -> 40): rate-limit"]


def test_a_certificate_in_a_difference_is_one_word() -> None:
    body = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\nqwertyQWERTY0123456789"
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n"
    found = summarise(preview(step("create", CERTIFICATE, "origin-1-certificate-0", None, {"csr": pem})))
    [(_, lines)] = found.groups[0].items[0].diffs
    assert "+csr: [certificate request]" in "\n".join(lines)
