"""drift.yml and ranges.yml: what the workflows do with the answers of `ops drift` and `ops ranges update`.

Both commands are replaced here by their documented answers; tests/ops/ proves the commands themselves.
"""

from typing import Final

import pytest
import yaml

from sandbox.engine.layout import ROOT
from tests.checkout import Checkout
from tests.workflows.answers import answer
from tests.workflows.expressions import fill
from tests.workflows.github import GitHub
from tests.workflows.repository_on_github import LIMIT
from tests.workflows.runner import Run, Runner

RANGES: Final = "components/cloudflare_ranges.json"


def drift(runner: Runner, checkout: Checkout, status: int, text: str = "") -> Run:
    (checkout.folder / "found.md").write_text(text)
    answer(checkout, "drift", f"cat found.md\nexit {status}")
    return runner.run(checkout.folder, "drift", "drift", {}, {"stack": "prod"})


def issues(github: GitHub) -> list[tuple[str, str]]:
    return [(each["state"], each["body"]) for each in github.stored.issues.values()]


def test_drift_is_one_issue_that_closes_when_it_is_gone(runner: Runner, checkout: Checkout, github: GitHub) -> None:
    assert not drift(runner, checkout, 0, "Nothing has drifted.").failed
    assert issues(github) == []
    for text in ("hetzner1 lacks a label", "hetzner1 lacks two labels"):
        done = drift(runner, checkout, 1, text)
        assert not done.failed, done.log
        assert text in done.summary
        assert len(issues(github)) == 1
        assert text in issues(github)[0][1]
    assert "actions/runs/3" in issues(github)[0][1]
    done = drift(runner, checkout, 0, "Nothing has drifted.")
    assert not done.failed, done.log
    assert [state for state, _ in issues(github)] == ["closed"]


def test_a_look_that_failed_neither_opens_nor_closes_an_issue(
    runner: Runner, checkout: Checkout, github: GitHub
) -> None:
    drift(runner, checkout, 1, "hetzner1 lacks a label")
    for status in (2, 130):
        assert drift(runner, checkout, status).failed
    assert [state for state, _ in issues(github)] == ["open"]


def test_a_long_list_of_drift_fits_into_the_issue(runner: Runner, checkout: Checkout, github: GitHub) -> None:
    done = drift(runner, checkout, 1, "".join(f"- record {number} has drifted\n" for number in range(5000)))
    assert not done.failed, done.log
    ((_, body),) = issues(github)
    assert LIMIT - 200 < len(body) <= LIMIT
    assert "characters are left out" in body
    assert "actions/runs/1" in body


@pytest.fixture
def ranges(checkout: Checkout, github: GitHub) -> Checkout:
    """A checkout whose snapshot is the one on GitHub."""
    stored = github.stored
    text = (checkout.folder / RANGES).read_text()
    base = stored.commits[stored.refs["main"]]
    tree = stored.tree(base["tree"]["sha"], [{"path": RANGES, "mode": "100644", "content": text}])
    stored.refs["main"] = stored.commit("alice", "ranges", tree, [base["sha"]])["sha"]
    return checkout


def update(runner: Runner, ranges: Checkout, script: str) -> Run:
    answer(ranges, "ranges", script)
    return runner.run(ranges.folder, "ranges", "ranges", {})


def test_new_ranges_are_one_pull_request(runner: Runner, ranges: Checkout, github: GitHub) -> None:
    for done, added in (("opened", "192.0.2.0/24"), ("updated", "198.51.100.0/24")):
        ran = update(runner, ranges, f"echo '{added}' >> {RANGES}\necho '- {added} is new'\nexit 0")
        assert not ran.failed, ran.log
        assert f"{done} https://" in ran.step("Open or update the pull request").output
        (pull,) = github.stored.open_pulls()
        assert f"- {added} is new" in pull["body"]
        assert f"- {added} is new" in ran.summary
        assert github.stored.files("update/cloudflare-ranges")[RANGES] == (ranges.folder / RANGES).read_text()


def test_ranges_that_did_not_change_open_no_pull_request(runner: Runner, ranges: Checkout, github: GitHub) -> None:
    ran = update(runner, ranges, "echo 'The snapshot has the ranges.'\nexit 0")
    assert not ran.failed, ran.log
    assert github.stored.open_pulls() == []


@pytest.mark.parametrize("status", [1, 2])
def test_a_list_that_is_refused_or_cannot_be_read_fails_the_job(
    runner: Runner, ranges: Checkout, github: GitHub, status: int
) -> None:
    ran = update(runner, ranges, f"echo 'The list was refused.'\nexit {status}")
    assert ran.step("Update the snapshot").outcome == "failure"
    assert "The list was refused." in ran.summary
    assert ran.step("Open or update the pull request").outcome == "skipped"
    assert github.stored.open_pulls() == []


@pytest.mark.parametrize(
    ("variables", "parts"), [({}, "clouds,ranges"), ({"DEPLOY_RUNNER": "own"}, "clouds,servers,ranges")]
)
def test_drift_asks_servers_only_from_a_runner_that_reaches_them(variables: dict[str, str], parts: str) -> None:
    [job] = yaml.safe_load((ROOT / ".github" / "workflows" / "drift.yml").read_text())["jobs"].values()
    assert fill(job["env"]["ONLY"], {"vars": variables}) == parts
