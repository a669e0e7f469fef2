from collections.abc import Sequence
from typing import Any, Final

import pytest

from ops.preview.guard import RULES, judge
from tests.ops.preview.previews import (
    CERTIFICATE,
    FIREWALL,
    NAMESPACE,
    NETWORK,
    PRIMARY_IP,
    RECORD,
    SERVER,
    SETTING,
    SUBNET,
    SWITCH,
    TLS_OPTION,
    UFW,
    cloud_rules,
    preview,
    record,
    step,
    ufw_rules,
)

Steps = Sequence[dict[str, Any]]
OPEN: Final = {"p22": ["192.0.2.1/32"], "p443": ["2606:4700::/32"]}
REQUIRED: Final = {"clientAuth": {"clientAuthType": "RequireAndVerifyClientCert"}, "minVersion": "VersionTLS12"}


def option(name: str, spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": spec}


def setting(name: str, before: str, after: str) -> dict[str, Any]:
    return step("update", SETTING, name, {"settingId": name, "value": before}, {"settingId": name, "value": after})


VIOLATIONS: Final[list[tuple[str, Steps]]] = [
    ("one-server-at-a-time", [step("replace", SERVER, "node1", {}, {}), step("replace", SERVER, "node2", {}, {})]),
    ("no-server-is-deleted", [step("delete", SERVER, "node1", {})]),
    *[
        ("addresses-network-and-namespace-stay", [step(operation, kind, "thing", {}, {})])
        for kind in (PRIMARY_IP, NETWORK, SUBNET, NAMESPACE)
        for operation in ("delete", "replace")
    ],
    (
        "every-host-keeps-a-record",
        [
            step("delete", RECORD, f"{node}-{kind}", record(node, kind))
            for node in ("node1", "node2")
            for kind in ("A", "AAAA")
        ],
    ),
    *[
        (
            "ports-443-and-22-stay-open",
            [step("update", kind, name, rules(**OPEN), rules(**{**OPEN, port: []}))],
        )
        for kind, name, rules in ((FIREWALL, "edge-firewall", cloud_rules), (UFW, "node1-ufw-apply", ufw_rules))
        for port in OPEN
    ],
    ("ports-443-and-22-stay-open", [step("delete", FIREWALL, "edge-firewall", cloud_rules(**OPEN))]),
    (
        "no-needless-certificate",
        [step("replace", CERTIFICATE, "origin-1-certificate-aa", {"hostnames": ["a"]}, {"hostnames": ["a"]})],
    ),
    (
        "no-needless-certificate",
        [
            step("create", CERTIFICATE, "origin-1-certificate-bb", None, {"hostnames": ["b", "a"]}),
            step("delete", CERTIFICATE, "origin-1-certificate-aa", {"hostnames": ["a", "b"]}),
        ],
    ),
    ("tls-stays-strict", [setting("ssl", "strict", "full")]),
    ("tls-stays-strict", [setting("min_tls_version", "1.3", "1.2")]),
    (
        "tls-stays-strict",
        [
            step(
                "update",
                TLS_OPTION,
                "o",
                option("default", REQUIRED),
                option("default", {"minVersion": "VersionTLS12"}),
            )
        ],
    ),
    (
        "tls-stays-strict",
        [
            step(
                "update",
                TLS_OPTION,
                "o",
                option("default", REQUIRED),
                option("default", {**REQUIRED, "clientAuth": {"clientAuthType": "RequestClientCert"}}),
            )
        ],
    ),
    ("tls-stays-strict", [step("delete", TLS_OPTION, "o", option("api-client-certificates", REQUIRED))]),
    ("tls-stays-strict", [step("update", SWITCH, "pulls-switch", {"enabled": True}, {"enabled": False})]),
]

COMPLIANT: Final[list[tuple[str, Steps]]] = [
    ("one-server-at-a-time", [step("replace", SERVER, "node1", {}, {}), step("update", SERVER, "node2", {}, {})]),
    ("no-server-is-deleted", [step("replace", SERVER, "node1", {}, {})]),
    ("addresses-network-and-namespace-stay", [step("update", PRIMARY_IP, "node1-ipv4", {}, {"labels": {}})]),
    ("every-host-keeps-a-record", [step("delete", RECORD, "node1-a", record("node1"))]),
    (
        "every-host-keeps-a-record",
        [
            step("delete", RECORD, f"{node}-{kind}", record(node, kind, "gone.example.com"))
            for node in ("node1", "node2")
            for kind in ("A", "AAAA")
        ],
    ),
    (
        "every-host-keeps-a-record",
        [
            step("create", RECORD, "node3-A", None, record("node3")),
            *[
                step("delete", RECORD, f"{node}-{kind}", record(node, kind))
                for node in ("node1", "node2")
                for kind in ("A", "AAAA")
            ],
        ],
    ),
    (
        "ports-443-and-22-stay-open",
        [
            step("update", FIREWALL, "f", cloud_rules(**OPEN), cloud_rules(**{**OPEN, "p22": ["192.0.2.9/32"]})),
            step("delete", UFW, "node1-ufw-apply", ufw_rules(**OPEN)),
            step("create", UFW, "node2-ufw-apply", None, {"stdin": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}),
        ],
    ),
    (
        "no-needless-certificate",
        [
            step("create", CERTIFICATE, "origin-1-certificate-bb", None, {"hostnames": ["a", "b"]}),
            step("delete", CERTIFICATE, "origin-1-certificate-aa", {"hostnames": ["a"]}),
        ],
    ),
    (
        "no-needless-certificate",
        [
            step("create", CERTIFICATE, "origin-2-certificate-aa", None, {"hostnames": ["a"]}),
            step("delete", CERTIFICATE, "origin-1-certificate-aa", {"hostnames": ["a"]}),
        ],
    ),
    (
        "no-needless-certificate",
        [step("replace", CERTIFICATE, "origin-1-certificate-aa", {"hostnames": ["a"]}, {"hostnames": ["a", "b"]})],
    ),
    ("tls-stays-strict", [setting("ssl", "full", "strict"), setting("min_tls_version", "1.2", "1.3")]),
    ("tls-stays-strict", [step("create", TLS_OPTION, "o", None, option("default", REQUIRED))]),
    ("tls-stays-strict", [step("delete", TLS_OPTION, "o", option("gone-client-certificates", REQUIRED))]),
    ("tls-stays-strict", [step("update", SWITCH, "pulls-switch", {"enabled": False}, {"enabled": True})]),
]

ERROR: Final = {"severity": "error", "message": "error: preview failed\n"}


@pytest.mark.parametrize(("rule", "steps"), VIOLATIONS)
def test_a_violation_is_found_by_its_rule(rule: str, steps: Steps) -> None:
    assert rule in {finding.rule for finding in judge(preview(*steps), {}).refused}


@pytest.mark.parametrize(("rule", "steps"), COMPLIANT)
def test_a_compliant_preview_is_not_refused(rule: str, steps: Steps) -> None:
    assert [finding.text for finding in judge(preview(*steps), {}).refused if finding.rule == rule] == []


def test_every_rule_has_a_violating_and_a_compliant_case() -> None:
    other = {"preview-is-complete"}
    assert {rule for rule, _ in VIOLATIONS} | other == {rule for rule, _ in COMPLIANT} | other == set(RULES)


def test_a_failed_preview_is_refused_because_it_may_lack_changes() -> None:
    [finding] = judge(preview(diagnostics=[ERROR]), {}).refused
    assert finding.rule == "preview-is-complete"
    warning = {"severity": "warning", "message": "careful"}
    assert judge(preview(diagnostics=[warning]), {}).refused == ()


def test_without_a_config_a_host_that_loses_records_counts_as_kept() -> None:
    found = judge(preview(step("delete", RECORD, "node1-a", record("node1")), config={"other": "x"}), {}).refused
    assert [finding.rule for finding in found] == ["every-host-keeps-a-record"]


def test_without_a_config_deleted_tls_options_count_as_weaker() -> None:
    deleted = step("delete", TLS_OPTION, "o", option("api-client-certificates", REQUIRED))
    found = judge(preview(deleted, config={"other": "x"}), {}).refused
    assert {finding.rule for finding in found} == {"tls-stays-strict"}


def test_an_override_lifts_its_own_rule_only() -> None:
    both = preview(step("delete", SERVER, "node1", {}), step("delete", PRIMARY_IP, "node1-ipv4", {}))
    verdict = judge(both, {"no-server-is-deleted": "CHG-1"})
    assert {finding.rule for finding in verdict.refused} == {"addresses-network-and-namespace-stay"}
    assert {finding.rule for finding in verdict.findings} > {finding.rule for finding in verdict.refused}
