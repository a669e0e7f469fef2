"""Certificates are reported from thirty days before their end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from guardrails import UNKNOWN, Level, Resource, judge
from guardrails import certificates as rule
from tests.policy.compliant import ABSENT, resource, stack, with_property
from tests.policy.verdict import leaves, passes, refuses

RULE = "certificates-are-renewed-in-time"
NOW = datetime(2030, 6, 15, 12, 0, 0, tzinfo=UTC)
KINDS = {
    "cloudflare:index/originCaCertificate:OriginCaCertificate": "expiresOn",
    "tls:index/selfSignedCert:SelfSignedCert": "validityEndTime",
    "tls:index/locallySignedCert:LocallySignedCert": "validityEndTime",
}
CLOCK = rule.now
IN_TIME = timedelta(days=30)


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "now", lambda: NOW)


def ending(kind: str, end: Any) -> list[Resource]:
    """The stack with one more certificate."""
    uses = ["client_auth"] if "locally" in kind else ["cert_signing"]
    more: dict[str, Any] = {"allowedUses": uses, "validityPeriodHours": 87600, "earlyRenewalHours": 720}
    if "origin" in kind:
        more = {"hostnames": ["api.example.com"]}
    return [*stack(), resource(kind, "more", {KINDS[kind]: end, **more})]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("left", "says"),
    [
        (IN_TIME - timedelta(seconds=1), "it ends on 2030-07-15, in 29 days; raise its generation in the stack file"),
        (timedelta(days=3), "it ends on 2030-06-18, in 3 days"),
        (timedelta(hours=1), "it ends on 2030-06-15, in 0 days"),
        (timedelta(0), "in 0 days"),
        (timedelta(days=-2), "it ends on 2030-06-13, in -2 days"),
    ],
)
def test_a_certificate_is_reported_from_thirty_days_before_its_end(kind: str, left: timedelta, says: str) -> None:
    refuses(ending(kind, (NOW + left).isoformat()), RULE, says)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("left", [IN_TIME, timedelta(days=31), timedelta(days=5475)])
def test_a_certificate_that_lasts_longer_is_not_reported(kind: str, left: timedelta) -> None:
    passes(ending(kind, (NOW + left).isoformat()))


def test_an_end_is_reported_and_stops_no_update() -> None:
    resources = ending("tls:index/selfSignedCert:SelfSignedCert", NOW.isoformat())
    [found] = judge(resources)
    assert found.level is Level.ADVISORY, "the update that would renew it could not run"
    assert found.urn.endswith("::more"), "another certificate is named"


def test_every_certificate_that_ends_is_reported() -> None:
    soon = (NOW + timedelta(days=1)).isoformat()
    resources = [
        replace(item, properties={**item.properties, KINDS[item.type]: soon}) if item.type in KINDS else item
        for item in stack()
    ]
    assert {item.urn.rpartition(":")[2] for item in judge(resources)} == {"origin", "ca"}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2041-01-02T03:04:05Z", datetime(2041, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2041-01-02 03:04:05 +0000 UTC", datetime(2041, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2041-01-02 03:04:05.678 +0000 UTC", datetime(2041, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2041-01-02T03:04:05.123456789+02:00", datetime(2041, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))),
        ("2041-01-02 03:04:05 -0530", datetime(2041, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=-5, minutes=-30)))),
        ("2041-01-02T03:04:05", datetime(2041, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (" 2041-01-02 ", datetime(2041, 1, 2, tzinfo=UTC)),
    ],
)
def test_an_end_is_parsed_in_every_format_of_the_providers(text: str, moment: datetime) -> None:
    assert rule.moment(text) == moment


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("never", "is 'never', which is not a time; it cannot be judged"),
        ("", "is '', which is not a time"),
        ("2041-13-01T00:00:00Z", "which is not a time"),
        (2041, "is of type int, but must be a string"),
    ],
)
def test_an_end_that_cannot_be_parsed_is_reported(kind: str, end: Any, says: str) -> None:
    refuses(ending(kind, end), RULE, f"{KINDS[kind]} {says}" if says.startswith("is") else says)


@pytest.mark.parametrize(("kind", "name"), [("OriginCaCertificate", "origin"), ("SelfSignedCert", "ca")])
@pytest.mark.parametrize("end", [UNKNOWN, ABSENT, None])
def test_an_unknown_end_is_reported_as_not_judged(kind: str, name: str, end: Any) -> None:
    key = {"origin": "expiresOn", "ca": "validityEndTime"}[name]
    leaves(with_property(kind, name, (key,), end), RULE, key)


def test_an_unknown_end_does_not_hide_another_certificates() -> None:
    resources = with_property("OriginCaCertificate", "origin", ("expiresOn",), UNKNOWN)
    late = resource("tls:index/locallySignedCert:LocallySignedCert", "late", {"validityEndTime": NOW.isoformat()})
    refuses([*resources, late], RULE, "it ends on 2030-06-15, in 0 days")


def test_the_clock_returns_the_present_with_a_zone() -> None:
    assert abs(CLOCK() - datetime.now(UTC)) < timedelta(minutes=1), "a naive or a slow clock warns too late"
