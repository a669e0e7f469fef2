"""Cloudflare's published ranges, from an API on loopback, against the snapshot and the ranges in force."""

from collections.abc import Sequence

import pytest

from components.cloudflare_ranges import snapshot
from ops.drift.findings import Finding
from ops.drift.published_ranges import compare
from ops.drift.state import read
from tests.ops.drift.exported import POLICY, export, server
from tests.ops.ranges.cloudflare_api import answer, serving

FOUR = [str(network) for network in snapshot().ipv4]
SIX = [str(network) for network in snapshot().ipv6]
OLD = {**POLICY, "rules": POLICY["rules"][1:]}
"""A policy that lacks the first range."""


def compared(monkeypatch: pytest.MonkeyPatch, body: str, *policies: dict[str, object]) -> list[Finding]:
    """The findings about servers with these policies."""
    state = read(export(*(server(f"node{number}", None, policy=each) for number, each in enumerate(policies, 1))))
    with serving(body) as base:
        monkeypatch.setenv("CLOUDFLARE_BASE_URL", base)
        return list(compare(state))


def whats(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    return [(each.where, each.what) for each in findings]


def test_the_same_list_everywhere_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compared(monkeypatch, answer(FOUR, SIX), POLICY, POLICY) == []


def test_a_new_range_is_named_for_the_snapshot_and_for_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared(monkeypatch, answer([*FOUR, "104.28.0.0/16"], SIX), POLICY, POLICY)
    new = "new range 104.28.0.0/16 (65,536 addresses)"
    assert whats(found) == [
        ("components/cloudflare_ranges.json", f"Cloudflare publishes another list: {new}"),
        ("node1, node2", f"the firewalls admit another list than Cloudflare publishes: {new}"),
    ]
    assert "python -m ops ranges update" in found[0].remedy


def test_a_server_that_lags_behind_the_snapshot_is_named_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = compared(monkeypatch, answer(FOUR, SIX), POLICY, OLD)
    assert found.where == "node2"
    assert "new range 103.21.244.0/22" in found.what


def test_a_list_that_is_refused_is_a_difference_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = compared(monkeypatch, answer([*FOUR, "10.0.0.0/8"], SIX), POLICY)
    assert found.checked
    assert "10.0.0.0/8 overlaps reserved space" in found.what
    assert "by hand" in found.remedy


def test_a_policy_of_another_form_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = compared(monkeypatch, answer(FOUR, SIX), {"rules": [{"from": "any"}]})
    assert (found.where, found.checked) == ("node1", False)


def test_an_api_that_does_not_answer_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = compared(monkeypatch, "<html>", POLICY)
    assert not found.checked
    assert "the answer is not JSON" in found.what
