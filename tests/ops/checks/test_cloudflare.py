"""The checks of the Cloudflare zone, each passing and failing."""

from pathlib import Path

import pytest

from ops.checks.before.cloudflare import checks
from ops.checks.model import Outcome
from sandbox.clouds_api.accounts import ALL, Accounts, CloudflareToken
from sandbox.clouds_api.serving import ApiFault
from sandbox.world import World
from tests.ops.checks.conftest import CLOUDFLARE_TOKEN, ZONE, Found, clouds, context, edit, run, set_zone


def account(
    permissions: frozenset[str] = ALL, *, zones: tuple[str, ...] = (ZONE,), owner: str = "user", **other: str
) -> Accounts:
    token = {"secret": CLOUDFLARE_TOKEN, "permissions": permissions, "owner": owner, **other}
    return Accounts(zones=zones, cloudflare=(CloudflareToken(**token),))  # type: ignore[arg-type] # literals


def check(
    folder: Path,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    accounts: Accounts | None = None,
    *faults: ApiFault,
) -> Found:
    with clouds(world, monkeypatch, accounts, *faults):
        return run(checks, context(folder))


def test_a_zone_that_is_ready_passes_and_is_only_read(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clouds(world, monkeypatch, account()) as endpoints:
        found = run(checks, context(folder))
        assert {request.split()[1] for request in endpoints.requests} == {"GET"}
    assert set(found.outcomes().values()) == {Outcome.PASSED}
    assert list(found.outcomes()) == [
        "token",
        f"zone {ZONE}",
        "permission DNS: Edit",
        "permission SSL and Certificates: Edit",
        "permission Zone Settings: Edit",
        "certificates for visitors",
        "records of the hosts",
        "other hosts of the zone",
    ]
    assert "plan: Free Website" in found[f"zone {ZONE}"].text


def test_without_a_token_the_zone_is_not_checked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
    assert run(checks, context(folder)).outcomes() == {"zone": Outcome.SKIPPED}


def test_an_unknown_token_fails(folder: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = check(folder, world, monkeypatch, Accounts(cloudflare=(), zones=(ZONE,)))
    assert found["token"].outcome is Outcome.FAILED
    assert "the variable CLOUDFLARE_API_TOKEN is refused" in found["token"].text
    assert "Zone: Read, DNS: Edit, SSL and Certificates: Edit, Zone Settings: Edit" in found["token"].remedy
    assert found["zone"].outcome is Outcome.FAILED


@pytest.mark.parametrize("status", ["disabled", "expired"])
def test_a_token_that_is_not_active_fails(
    status: str, folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = check(folder, world, monkeypatch, account(status=status))
    assert found["token"].outcome is Outcome.FAILED
    assert f"is {status}" in found["token"].text


def test_a_token_that_an_account_owns_passes(folder: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = check(folder, world, monkeypatch, account(owner="account"))
    assert found["token"].outcome is Outcome.PASSED


def test_a_zone_that_the_account_lacks_or_the_token_may_not_read_fails(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = check(folder, world, monkeypatch, account(zones=("other.test",)))
    hidden = check(folder, world, monkeypatch, account(ALL - {"#zone:read"}))
    for found in (lacking, hidden):
        assert found["token"].outcome is Outcome.PASSED
        assert found["zone"].outcome is Outcome.FAILED
        assert f"sees no zone {ZONE}" in found["zone"].text
        assert "Zone: Read" in found["zone"].remedy
    assert "403" in hidden["zone"].text


@pytest.mark.parametrize(
    ("state", "finding"),
    [({"status": "pending"}, "pending"), ({"status": "moved"}, "moved"), ({"paused": True}, "paused")],
)
def test_a_zone_that_is_not_active_fails(
    state: dict[str, object], finding: str, folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_zone(world, **state)
    found = check(folder, world, monkeypatch)[f"zone {ZONE}"]
    assert found.outcome is Outcome.FAILED
    assert finding in found.text
    if "status" in state:
        assert "ada.ns.cloudflare.com" in found.remedy


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("dns_records", "DNS: Edit"),
        ("ssl", "SSL and Certificates: Edit"),
        ("zone_settings", "Zone Settings: Edit"),
    ],
)
def test_each_missing_permission_is_named(
    subject: str, name: str, folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_name = f"permission {name}"
    reading = check(folder, world, monkeypatch, account(ALL - {f"#{subject}:edit"}))
    nothing = check(folder, world, monkeypatch, account(ALL - {f"#{subject}:edit", f"#{subject}:read"}))
    for found in (reading, nothing):
        failed = [each.name for each in found.results if each.outcome is Outcome.FAILED]
        assert failed == [check_name]
        assert f"add {name} for {ZONE}" in found[check_name].remedy
    assert "may read, but not edit" in reading[check_name].text
    assert "may not even read" in nothing[check_name].text
    if subject == "dns_records":
        assert nothing["records of the hosts"].outcome is Outcome.SKIPPED


def test_permissions_that_cloudflare_does_not_list_are_warnings(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = CloudflareToken(secret=CLOUDFLARE_TOKEN, listed=False)
    found = check(folder, world, monkeypatch, Accounts(zones=(ZONE,), cloudflare=(token,)))
    unsure = [each for each in found.results if each.outcome is Outcome.WARNING]
    assert [each.name for each in unsure] == [each.name for each in found.results if "permission" in each.name]
    assert len(unsure) == 3


@pytest.mark.parametrize("status", [429, 503])
def test_an_api_that_fails_for_long_is_named_and_nothing_is_concluded(
    status: int, folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.http.Retry.sleep", lambda *_: None)
    found = check(folder, world, monkeypatch, None, ApiFault(api="cloudflare", status=status, times=9))
    assert [result.outcome for result in found.results] == [Outcome.FAILED, Outcome.SKIPPED]
    assert str(status) in found["API"].text


def test_a_stack_file_with_problems_leaves_zone_and_permissions_to_be_checked(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, {"honeydue:location": "moon"})
    found = check(folder, world, monkeypatch)
    assert found[f"zone {ZONE}"].outcome is Outcome.PASSED
    assert found["permission DNS: Edit"].outcome is Outcome.PASSED
    assert found["records of the hosts"].outcome is Outcome.SKIPPED


def test_a_stack_file_without_a_zone_leaves_the_token_to_be_checked(
    folder: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(folder, {"honeydue:zone": None})
    found = check(folder, world, monkeypatch)
    assert found.outcomes() == {"token": Outcome.PASSED, "zone": Outcome.SKIPPED}
