"""`python -m ops check --pre` on a copy of the repository, with the Pulumi CLI and the clouds over HTTP."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from sandbox.clouds_api.accounts import Accounts, CloudflareToken, HetznerToken
from sandbox.clouds_api.serving import Endpoints, clouds_api
from sandbox.engine import secrets
from sandbox.engine.find import Engine
from sandbox.engine.layout import ROOT, Layout
from sandbox.world import World
from tests.checkout import Checkout, copy_repository
from tests.engine.conftest import Sandboxes
from tests.ops.checks.conftest import HERE, OPERATORS, ZONE

CHECK: Final = ("python", "-m", "ops", "check", "--pre")
Report = dict[str, Any]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(Layout(home=tmp_path / "sandbox").world)
    yield found
    found.close()


@pytest.fixture
def tokens(tmp_path: Path) -> Mapping[str, str]:
    """The secrets that the stack prod will have."""
    return secrets.generate(Layout(home=tmp_path / "sandbox"), "prod", secrets.known()).values


@pytest.fixture
def endpoints(world: World, tokens: Mapping[str, str]) -> Iterator[Endpoints]:
    """The clouds, which know these tokens only, and see this machine at an address of the operators."""
    accounts = Accounts(
        hetzner=(HetznerToken(secret=tokens["hcloud:token"]),),
        cloudflare=(CloudflareToken(secret=tokens["cloudflare:apiToken"]),),
        zones=(ZONE,),
        visitor=HERE,
    )
    with clouds_api(world, accounts) as found:
        yield found


@pytest.fixture
def checkout(engine: Engine, tmp_path: Path, endpoints: Endpoints) -> Checkout:
    """A copy of the repository without a stack."""
    return Checkout(
        folder=copy_repository(tmp_path / "checkout"),
        engine=engine,
        home=tmp_path / "sandbox",
        variables={**endpoints.variables, "COLUMNS": "100"},
    )


def report(text: str) -> Report:
    found: Report = json.loads(text)
    return found


def outcomes(found: Report) -> dict[str, str]:
    return {
        f"{group['title']}: {each['name']}": each["outcome"] for group in found["groups"] for each in group["checks"]
    }


def assert_helpful(found: Report) -> None:
    """Each failure and warning says what to do, and names a section that the documentation has."""
    for group in found["groups"]:
        for each in group["checks"]:
            if each["outcome"] in ("failed", "warning"):
                assert each["remedy"], each
                file, _, anchor = each["see"].partition("#")
                titles = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(), re.MULTILINE)
                assert anchor in [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles]


def test_a_stack_that_is_ready_passes_in_every_format_and_nothing_changes(
    checkout: Checkout, world: World, endpoints: Endpoints, tokens: Mapping[str, str]
) -> None:
    checkout.start_stack("prod", OPERATORS)
    before = {path: path.read_bytes() for path in sorted(checkout.folder.glob("Pulumi.*"))}
    state = checkout.run("pulumi", "stack", "export", "--stack", "prod").stdout
    for form in ("terminal", "markdown", "json"):
        done = checkout.run(*CHECK, "--stack", "prod", "--format", form)
        assert done.stderr == ""
        for secret in tokens.values():
            assert secret not in done.stdout
        if form == "terminal":
            assert len(done.stdout.splitlines()) <= 40, "the report does not fit on one screen"
            assert "\x1b" not in done.stdout
            assert "×" not in done.stdout  # noqa: RUF001 - the mark of a failure
    found = report(done.stdout)
    assert set(outcomes(found).values()) == {"passed", "note"}
    assert found["failed"] is False
    assert [group["title"] for group in found["groups"]] == [
        "Tools",
        "Stack file",
        "Backend",
        "This machine",
        "Hetzner",
        "Cloudflare",
    ]
    assert world.counts() == {}
    assert {request for request in endpoints.requests if " GET " not in request} == {"hetzner POST /ssh_keys"}
    assert {path: path.read_bytes() for path in sorted(checkout.folder.glob("Pulumi.*"))} == before
    assert checkout.run("pulumi", "stack", "export", "--stack", "prod").stdout == state


def test_a_fresh_clone_fails_with_everything_that_the_readme_s_steps_set(checkout: Checkout) -> None:
    done = checkout.run(*CHECK, "--stack", "prod", "--format", "json", check=False)
    assert done.returncode == 1, done.stderr
    found = report(done.stdout)
    assert_helpful(found)
    failed = [name for name, outcome in outcomes(found).items() if outcome == "failed"]
    assert failed == [
        "Stack file: honeydue:operators",
        "Backend: stack",
        "Backend: hcloud:token",
        "Backend: cloudflare:apiToken",
        "Backend: honeydue:adminUsers",
        "This machine: public address",
    ]
    shown = checkout.run(*CHECK, "--stack", "prod", check=False)
    assert shown.returncode == 1
    assert "run `pulumi stack init prod`" in shown.stdout
    assert f"add {HERE}/32 to honeydue:operators" in shown.stdout
    assert shown.stdout.splitlines()[-1].startswith("prod: 6 checks failed, ")


def test_the_remedies_of_a_fresh_clone_lead_to_a_report_without_failures(
    checkout: Checkout, tokens: Mapping[str, str]
) -> None:
    """Run the commands that the report names, one after another."""
    first = report(checkout.run(*CHECK, "--stack", "prod", "--format", "json", check=False).stdout)
    remedies = [each["remedy"] for group in first["groups"] for each in group["checks"]]
    checkout.edit("prod", OPERATORS)
    named = [found for remedy in remedies for found in re.findall(r"`(pulumi [^`]+)`", remedy)]
    assert "pulumi stack init prod" in named
    for command in dict.fromkeys(named):
        secret = command.rpartition(" ")[2]
        if command != "pulumi up":
            checkout.run(*command.split(), stdin=tokens.get(secret, ""))
    done = checkout.run(*CHECK, "--stack", "prod", "--format", "json")
    assert report(done.stdout)["failed"] is False


def test_the_selected_stack_is_the_default(checkout: Checkout) -> None:
    refused = checkout.run(*CHECK, check=False)
    assert refused.returncode == 2
    assert refused.stderr == "error: --stack is missing, and no stack is selected; give --stack STACK\n"
    checkout.start_stack("prod", OPERATORS)
    assert report(checkout.run(*CHECK, "--format", "json").stdout)["stack"] == "prod"


def test_tokens_of_the_environment_come_before_those_of_the_stack(checkout: Checkout) -> None:
    checkout.start_stack("prod", OPERATORS)
    wrong = {"HCLOUD_TOKEN": "w" * 64, "CLOUDFLARE_API_TOKEN": "w" * 40}
    other = replace(checkout, variables={**checkout.variables, **wrong})
    done = other.run(*CHECK, "--stack", "prod", "--format", "json", check=False)
    found = outcomes(report(done.stdout))
    assert (found["Hetzner: token"], found["Cloudflare: token"]) == ("failed", "failed")
    assert "the variable HCLOUD_TOKEN is refused" in done.stdout
    assert not any(token in done.stdout + done.stderr for token in wrong.values())


def test_secrets_that_this_machine_cannot_decrypt_are_named_and_so_is_a_backend_that_does_not_answer(
    checkout: Checkout,
) -> None:
    checkout.start_stack("prod", OPERATORS)
    for variables, name in (
        ({"PULUMI_CONFIG_PASSPHRASE": "wrong"}, "Backend: decryption"),
        ({"PULUMI_BACKEND_URL": f"file://{checkout.home}/nowhere"}, "Backend: login"),
    ):
        other = replace(checkout, variables={**checkout.variables, **variables})
        done = other.run(*CHECK, "--stack", "prod", "--format", "json", check=False)
        assert done.returncode == 1, done.stderr
        assert_helpful(report(done.stdout))
        assert outcomes(report(done.stdout))[name] == "failed"
        assert "Hetzner: write access" not in outcomes(report(done.stdout))


def test_every_problem_of_a_stack_file_is_a_failure_of_its_key(checkout: Checkout) -> None:
    checkout.start_stack("prod", {**OPERATORS, "honeydue:location": "moon", "honeydue:wrong": 1})
    done = checkout.run(*CHECK, "--stack", "prod", "--format", "json", check=False)
    found = outcomes(report(done.stdout))
    assert done.returncode == 1
    assert [name for name, outcome in found.items() if outcome == "failed"] == [
        "Stack file: honeydue:location",
        "Stack file: honeydue:wrong",
    ]
    (checkout.folder / "Pulumi.prod.yaml").write_text("config: [")
    done = checkout.run(*CHECK, "--stack", "prod", "--format", "json", check=False)
    assert done.returncode == 1
    assert outcomes(report(done.stdout))["Stack file: Pulumi.prod.yaml"] == "failed"
    assert "Traceback" not in done.stderr


def test_a_stack_that_is_up_passes_and_its_own_objects_do_not_count_as_collisions(
    standing: Sandboxes, engine: Engine
) -> None:
    folder = standing().work_folder()
    world = World(standing.layout.world)
    try:
        with clouds_api(world, Accounts(visitor="198.18.0.10")) as endpoints:
            checkout = Checkout(folder=folder, engine=engine, home=standing.home, variables=endpoints.variables)
            done = checkout.run(
                *CHECK, "--stack", "sandbox", "--address", "198.18.0.10", "--format", "json", check=False
            )
    finally:
        world.close()
    found = outcomes(report(done.stdout))
    assert done.returncode == 0, done.stdout
    assert found["Hetzner: names"] == found["Cloudflare: records of the hosts"] == "skipped"
    assert found["This machine: public address"] == "passed"
    assert "with resources in its state" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "check: give --pre, the checks before the first update"),
        (("--pre", "--stack", "nope"), "Pulumi.nope.yaml does not exist; there are prod, sandbox, staging"),
        (("--pre", "--stack", "prod", "--address", "1.2.3"), "--address 1.2.3: it must be an IPv4 address"),
        (("--pre", "--stack", "prod", "--address", "::1"), "--address ::1: it must be an IPv4 address"),
    ],
)
def test_a_wrong_option_is_one_error(checkout: Checkout, arguments: tuple[str, ...], message: str) -> None:
    done = checkout.run("python", "-m", "ops", "check", *arguments, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_help_names_the_groups_the_marks_and_the_exit_statuses(checkout: Checkout) -> None:
    text = " ".join(checkout.run("python", "-m", "ops", "check", "--help").stdout.split())
    for words in ("--pre", "Tools, Stack file, Backend", "Exit status", "HCLOUD_TOKEN", "√ passed"):
        assert words in text
