"""The report: its exit status, its three renderings, and its length."""

import json

import pytest

from ops.drift.findings import Finding, Report, Subject
from ops.drift.rendering import markdown, plain_data, show

DRIFT = Finding(
    subject=Subject.FIREWALL,
    where="node1",
    what="UFW has a rule: allow 8080/tcp @octocat <b>",
    remedy="`pulumi up --policy-pack policy --replace '**::node1-ufw-*'` applies it",
    details=("+a", "```", "-b"),
)
MISSED = Finding(subject=Subject.SERVERS, where="node2", what="no SSH connection", remedy="look", checked=False)


def report(*findings: Finding, **more: tuple[str, ...]) -> Report:
    return Report(stack="prod", findings=findings, **more)


@pytest.mark.parametrize(
    ("findings", "status", "headline"),
    [
        ((), 0, "Drift of prod: no difference"),
        ((MISSED,), 2, "Drift of prod: no difference, 1 check not possible"),
        ((DRIFT,), 1, "Drift of prod: 1 difference"),
        ((DRIFT, MISSED, DRIFT, MISSED), 1, "Drift of prod: 2 differences, 2 checks not possible"),
    ],
)
def test_drift_counts_more_than_a_check_that_was_not_possible(
    findings: tuple[Finding, ...], status: int, headline: str
) -> None:
    found = report(*findings)
    assert (found.status, found.headline) == (status, headline)


def test_markdown_shows_text_as_it_is_and_commands_as_code() -> None:
    text = markdown(report(DRIFT, MISSED, left_out=("the clouds",), notes=("careful",)))
    assert "UFW has a rule: allow 8080/tcp &#64;octocat &lt;b>" in text
    assert "`pulumi up --policy-pack policy --replace '**::node1-ufw-*'` applies it" in text
    assert "  ````diff\n  +a\n  ```\n  -b\n  ````" in text
    assert "### Not checked\n\n- servers on node2: no SSH connection" in text
    assert "Left out: the clouds." in text
    assert "note: careful" in text


def test_markdown_that_is_too_long_loses_raw_differences_first_and_says_what_is_left_out() -> None:
    many = report(*(DRIFT for _ in range(400)))
    whole = markdown(many, limit=10**6)
    shorter = markdown(many, limit=len(whole) - 1)
    assert "raw difference" not in shorter
    assert shorter.count("- node1: ") == 400
    cut = markdown(many, limit=5_000)
    assert len(cut) <= 5_000
    left = 400 - cut.count("- node1: ")
    assert f"{left} findings are left out" in cut


def test_json_separates_differences_from_checks_that_were_not_possible() -> None:
    found = json.loads(plain_data(report(MISSED, DRIFT)))
    assert [each["where"] for each in found["findings"]] == ["node1"]
    assert [each["where"] for each in found["notChecked"]] == ["node2"]
    assert found["drifted"] is True


def test_the_terminal_shows_the_remedy_and_raw_differences_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    show(report(DRIFT, MISSED), raw=False)
    brief = capsys.readouterr().out
    assert "\nHost firewalls\n  node1: UFW has a rule" in brief
    assert "      `pulumi up --policy-pack policy --replace" in brief
    assert "+a" not in brief
    show(report(DRIFT), raw=True)
    assert "      +a\n" in capsys.readouterr().out
