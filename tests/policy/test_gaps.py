"""Values that are unknown at a preview: one advisory counts them for all rules, and the update judges them."""

from dataclasses import replace
from typing import Any

import pytest
from pulumi.runtime import proto

from guardrails import RULES, UNKNOWN, Resource
from guardrails.mechanism.engine import policies
from tests.policy.compliant import Path, put, stack
from tests.policy.wire import GAPS, Pack, Said

FIREWALL = ("Firewall", "firewall")
HOST_FIREWALL = ("Command", "node1-ufw")
RECORD = ("DnsRecord", "api.example.com-node1-a")
NARROW = "cloud-firewall-is-narrow"
OPEN_TO_ALL = ["0.0.0.0/0"]


def stack_with(*changes: tuple[tuple[str, str], Path, Any]) -> list[Resource]:
    """The stack with these values put into these resources."""
    resources = stack()
    for victim, path, value in changes:
        resources = [
            replace(item, properties=put(item.properties, path, value))
            if (item.type.rpartition(":")[2], item.name) == victim
            else item
            for item in resources
        ]
    return resources


def counted(said: list[Said]) -> str:
    """The message of the run's only advisory."""
    [advisory] = [item for item in said if item.level == "advisory"]
    assert advisory.policy == GAPS
    return advisory.message.partition(" during preview: ")[2]


def test_all_unknown_values_are_one_advisory_that_counts_them_for_each_rule() -> None:
    said = Pack().run(
        stack_with(
            (FIREWALL, ("rules", 1, "sourceIps"), UNKNOWN),
            (FIREWALL, ("rules", 3, "sourceIps"), UNKNOWN),
            (RECORD, ("content",), UNKNOWN),
            (RECORD, ("comment",), UNKNOWN),
        )
    )
    assert counted(said) == (
        "4 values are unknown until the update and not judged yet "
        "(cloud-firewall-is-narrow: 2; dns-is-the-ingress-nodes: 1; no-plain-secrets: 4; one-list-of-ranges: 1); "
        "`pulumi up` judges every value"
    )
    assert len(said) == 1


def test_a_value_that_several_rules_need_counts_once_in_the_total() -> None:
    message = counted(Pack().run(stack_with((HOST_FIREWALL, ("stdin",), UNKNOWN))))
    assert message.startswith("1 value is unknown")
    assert "host-firewall-is-narrow: 1; no-plain-secrets: 1;" in message, message


def test_the_advisory_stays_short_even_if_every_value_is_unknown() -> None:
    blank = [replace(item, properties=dict.fromkeys(item.properties, UNKNOWN)) for item in stack()]
    message = counted(Pack().run(blank))
    assert "\n" not in message
    assert len(message) < 800, message


def test_the_policy_that_reports_unknown_values_runs_last() -> None:
    assert [policy.name for policy in policies(RULES)][-1] == GAPS


def test_a_violation_is_reported_beside_an_unknown_value() -> None:
    said = Pack().run(
        stack_with(
            (FIREWALL, ("rules", 0, "sourceIps"), UNKNOWN),
            (FIREWALL, ("rules", 1, "sourceIps"), OPEN_TO_ALL),
            (RECORD, ("content",), UNKNOWN),
            (RECORD, ("proxied",), False),
        )
    )
    refused = [f"{item.policy}: {item.message}" for item in said if item.level == "mandatory"]
    assert any(message.startswith(f"{NARROW}: rules[1].sourceIps[0]") for message in refused)
    assert any("proxied" in message for message in refused)
    assert "cloud-firewall-is-narrow: 1; dns-is-the-ingress-nodes: 1" in counted(said)


@pytest.mark.parametrize(
    ("victim", "path", "bad", "rule"),
    [
        (FIREWALL, ("rules", 1, "sourceIps"), OPEN_TO_ALL, NARROW),
        (RECORD, ("content",), "203.0.113.9", "dns-is-the-ingress-nodes"),
        (FIREWALL, ("rules", 0, "description"), "-----BEGIN PRIVATE KEY-----\nMIG", "no-plain-secrets"),
    ],
    ids=["of a resource", "of the stack", "of secrets"],
)
def test_what_a_preview_did_not_know_the_update_judges(victim: Any, path: Path, bad: Any, rule: str) -> None:
    preview = Pack().run(stack_with((victim, path, UNKNOWN)))
    assert f"{rule}: 1" in counted(preview)
    update = Pack().run(stack_with((victim, path, bad)))
    assert rule in {item.policy for item in update if item.level == "mandatory"}


def test_an_update_in_the_process_of_its_preview_reports_no_old_gap() -> None:
    pack = Pack()
    assert counted(
        pack.run(stack_with((FIREWALL, ("rules", 1, "sourceIps"), UNKNOWN), (RECORD, ("content",), UNKNOWN)))
    )
    assert pack.run(stack()) == []


def test_no_configured_level_lets_an_unknown_value_stop_a_preview() -> None:
    pack = Pack()
    config = {GAPS: proto.PolicyConfig(enforcementLevel=proto.MANDATORY)}
    pack.service.Configure(proto.ConfigureAnalyzerRequest(policyConfig=config), None)
    assert counted(pack.run(stack_with((RECORD, ("content",), UNKNOWN))))


def test_a_disabled_rule_is_not_listed() -> None:
    pack = Pack()
    config = {NARROW: proto.PolicyConfig(enforcementLevel=proto.DISABLED)}
    pack.service.Configure(proto.ConfigureAnalyzerRequest(policyConfig=config), None)
    assert NARROW not in counted(pack.run(stack_with((FIREWALL, ("rules", 1, "sourceIps"), UNKNOWN))))
