"""preview.yml, for a branch of the repository: the steps' own commands on a running stack, twice."""

from typing import Any

import pytest
import yaml

from tests.checkout import Checkout
from tests.workflows.github import GitHub
from tests.workflows.runner import Run, Runner

HEAD = "a" * 40
PROD = {"stack": "prod"}
MARKER = "<!-- honeydue: preview-prod -->"


def opened(github: GitHub, body: str = "", **event: Any) -> dict[str, Any]:
    """Somebody opens a pull request; the event that GitHub sends."""
    number = github.stored.pull(head=HEAD, body=body)
    github.stored.say(number, "mallory", f"{MARKER}\nmine")
    return {"action": "opened", "pull_request": github.stored.pull_json(github.stored.issues[number]), **event}


def preview(runner: Runner, checkout: Checkout, event: dict[str, Any]) -> Run:
    done = runner.run(checkout.folder, "preview", "stack", event, PROD)
    secret = runner.environments["preview-prod"]["PULUMI_CONFIG_PASSPHRASE"]
    shown = [each["body"] for each in runner.github.stored.comments.values()]
    assert not any(secret in text for text in (done.log, done.summary, *shown))
    return done


def comment(github: GitHub) -> str:
    """The one comment of the bot."""
    ours = [each["body"] for each in github.stored.comments.values() if each["user"]["login"] != "mallory"]
    assert len(ours) == 1, "there is one comment, and the second run edits it"
    return str(ours[0])


def routes(checkout: Checkout) -> list[dict[str, Any]]:
    content = yaml.safe_load((checkout.folder / "Pulumi.prod.yaml").read_text())
    found: list[dict[str, Any]] = content["config"]["honeydue:routes"]
    return found


def test_an_unchanged_stack_has_a_comment_that_is_edited(runner: Runner, checkout: Checkout, github: GitHub) -> None:
    event = opened(github)
    first = preview(runner, checkout, event)
    assert not first.failed, first.log
    assert "added https://" in first.step("Comment").output
    assert "No changes" in comment(github)
    second = preview(runner, checkout, event)
    assert "edited https://" in second.step("Comment").output
    assert "No changes" in comment(github)
    assert "https://github.com/acme/honeydue/actions/runs/2" in comment(github), "the link to the newest run"
    assert second.summary.strip() in comment(github), "the job's summary is the same text"
    assert github.stored.comments[min(github.stored.comments)]["body"] == f"{MARKER}\nmine", "of somebody else"


def test_a_harmless_change_is_shown(runner: Runner, checkout: Checkout, github: GitHub) -> None:
    first, *rest = routes(checkout)
    checkout.edit("prod", {"honeydue:routes": [{**first, "hosts": [*first["hosts"], "new.myhoneydue.com"]}, *rest]})
    done = preview(runner, checkout, opened(github))
    assert not done.failed, done.log
    assert "new.myhoneydue.com" in comment(github)
    assert "no rule refuses" in comment(github)


def test_a_replacement_is_loud(runner: Runner, checkout: Checkout, github: GitHub) -> None:
    checkout.edit("prod", {"honeydue:replacing": "hetzner2"})
    done = preview(runner, checkout, opened(github))
    assert not done.failed, done.log
    title, _, rest = comment(github).partition("### Replaced, deleted or no longer protected")
    assert "12 replaced" in title
    assert rest.splitlines()[2] == "- hetzner2 is replaced, and gets a new disk", "it comes first"


def test_a_policy_s_refusal_fails_the_job_and_is_in_the_comment(
    runner: Runner, checkout: Checkout, github: GitHub
) -> None:
    main = checkout.folder / "__main__.py"
    main.write_text(
        main.read_text() + "\nimport pulumi_hcloud\n"
        'pulumi_hcloud.Firewall("open", rules=[{"direction": "in", "protocol": "tcp", "port": "22", '
        '"source_ips": ["0.0.0.0/0"]}])\n'
    )
    event = opened(github)
    for _ in range(2):
        done = preview(runner, checkout, event)
        assert done.step("Preview and judge").outcome == "failure"
        assert done.step("Comment").outcome == "success", done.log
        assert "**Guard: refused**" in comment(github)
        assert "open" in comment(github)


def test_a_refused_rule_passes_with_a_label_and_a_reason(runner: Runner, checkout: Checkout, github: GitHub) -> None:
    checkout.edit("prod", {"honeydue:originPulls": {"mode": "offered", "generation": 1}})
    event = opened(github, "For a test.\n\nallow tls-stays-strict: CHG-42, until Friday")
    number = event["pull_request"]["number"]
    refused = preview(runner, checkout, event)
    assert refused.step("Preview and judge").outcome == "failure"
    assert "`tls-stays-strict`" in comment(github)
    github.stored.roles["will"] = "write"
    github.stored.label(number, "will", "allow: tls-stays-strict")
    labeled = {**event, "action": "labeled", "label": {"name": "allow: tls-stays-strict"}}
    allowed = preview(runner, checkout, labeled)
    assert not allowed.failed, allowed.log
    assert "is allowed (CHG-42, until Friday)" in comment(github)


def test_a_preview_that_cannot_run_has_a_comment_too(runner: Runner, checkout: Checkout, github: GitHub) -> None:
    (checkout.folder / "Pulumi.yaml").unlink()
    done = preview(runner, checkout, opened(github))
    assert done.step("Preview and judge").outcome == "failure"
    assert "none, see the log of the run" in comment(github)


@pytest.mark.parametrize(
    ("method", "status", "words"),
    [
        ("POST", 403, "`permissions:` lack `pull-requests: write`"),
        ("POST", 502, "HTTP status 502"),
        ("GET", 502, "HTTP status 502"),
    ],
)
def test_an_api_that_refuses_fails_the_step_and_leaves_the_summary(
    runner: Runner, checkout: Checkout, github: GitHub, *, method: str, status: int, words: str
) -> None:
    event = opened(github)
    (checkout.folder / "Pulumi.yaml").unlink()  # what the preview shows does not matter here
    github.fail(method, "/comments$", status, times=9)
    done = preview(runner, checkout, event)
    assert done.step("Comment").outcome == "failure"
    assert words in done.step("Comment").output
    assert "Traceback" not in done.step("Comment").output
    assert "Preview of prod" in done.summary
    assert len(github.stored.comments) == 1


def test_an_older_run_does_not_overwrite_a_newer_comment(runner: Runner, checkout: Checkout, github: GitHub) -> None:
    event = opened(github)
    event["pull_request"]["head"]["sha"] = "b" * 40
    (checkout.folder / "Pulumi.yaml").unlink()  # what the preview shows does not matter here
    done = preview(runner, checkout, event)
    assert done.step("Comment").outcome == "failure"
    assert f"its head is {HEAD}" in done.step("Comment").output


@pytest.mark.parametrize(
    ("event", "runs"),
    [
        ({"action": "synchronize"}, True),
        ({"action": "labeled", "label": {"name": "allow: no-server-is-deleted"}}, True),
        ({"action": "unlabeled", "label": {"name": "allow: no-server-is-deleted"}}, True),
        ({"action": "labeled", "label": {"name": "documentation"}}, False),
    ],
)
def test_only_an_override_s_label_starts_another_preview(
    runner: Runner, checkout: Checkout, github: GitHub, event: dict[str, Any], *, runs: bool
) -> None:
    (checkout.folder / "Pulumi.yaml").unlink()  # what the preview shows does not matter here
    done = preview(runner, checkout, opened(github, **event))
    assert bool(done.steps) is runs
