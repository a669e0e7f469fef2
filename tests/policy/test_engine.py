"""The rules as policies of the engine: the same verdicts, with their levels and the marks of secrets."""

from dataclasses import replace
from typing import Any

import pulumi
import pytest
from pulumi.runtime import proto
from pulumi_policy import proxy as unknowns
from pulumi_policy import secret as secrets

from guardrails import RULES, UNKNOWN, Level, Resource, Secret, judge
from guardrails.mechanism.engine import policies
from guardrails.mechanism.proxies import plain_data
from tests.policy.compliant import Path, put, resource, stack, with_property, with_value, without
from tests.policy.wire import GAPS, Pack, Said

KEY = "-----BEGIN PRIVATE KEY-----\nMIG"
UNMARKED = "it cannot be seen which inputs are secret; keep this policy at level remediate and run this pack last"


def thing(**properties: Any) -> Resource:
    """A resource that only the rule for secrets judges."""
    return resource("random:index/randomId:RandomId", "thing", properties)


def named(kind: str, name: str) -> Resource:
    """A resource of the stack."""
    [found] = [item for item in stack() if item.type.rpartition(":")[2] == kind and item.name == name]
    return found


def test_a_compliant_stack_passes_in_silence() -> None:
    assert Pack().run(stack()) == []


def test_every_rule_is_a_policy_with_its_name_and_description() -> None:
    made = {policy.name: policy.description for policy in policies(RULES)}
    assert {rule.name: rule.description for rule in RULES}.items() <= made.items()
    assert set(made) - {rule.name for rule in RULES} == {GAPS}


BROKEN: dict[str, list[Resource]] = {
    "a record": with_property("DnsRecord", "api.example.com-node1-a", ("proxied",), False),
    "a missing record": without("DnsRecord", "api.example.com-node1-a"),
    "a number": with_property("DnsRecord", "api.example.com-node1-a", ("ttl",), 300),
    "a boolean": with_property("PrimaryIp", "node1-ipv4", ("autoDelete",), True),
    "a protection": [replace(item, protect=False) for item in stack()],
    "a list": with_property("Firewall", "firewall", ("rules", 0, "sourceIps"), ["0.0.0.0/0"]),
    "a text": with_value(("ports", "web", "port"), 8000),
    "a dependency": [replace(item, depends={}) for item in stack()],
    "a route": with_property("Ingress", "api", ("spec", "tls"), []),
    "a number of nodes": with_property("Server", "node1", ("labels", "role"), "agent"),
    "an end": with_property("SelfSignedCert", "ca", ("validityEndTime",), "2020-01-01T00:00:00Z"),
    "a secret": with_property("SelfSignedCert", "ca", ("privateKeyPem",), "key"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_engine_gets_the_verdicts_of_the_rules(what: str) -> None:
    expected = {Said(item.rule, item.level.value, item.message, item.urn) for item in judge(BROKEN[what])}
    assert expected, "nothing is broken here"
    # Of a registration the engine itself says which it is.
    urns = {item.urn for item in expected}
    said = Pack().run(BROKEN[what])
    assert {(item.policy, item.level, item.message) for item in said} == {
        (item.policy, item.level, item.message) for item in expected
    }
    assert {item.urn for item in said} <= urns | {""}, "another resource is blamed"


def test_a_stack_rule_names_the_resource_that_it_refuses() -> None:
    said = Pack().finish(without("Command", "node3-ufw"))
    assert [item.urn for item in said if "survive" in item.policy] == [named("Server", "node3").urn]


def test_only_the_rule_for_certificates_is_advisory() -> None:
    assert [rule.name for rule in RULES if rule.level is Level.ADVISORY] == ["certificates-are-renewed-in-time"]
    [said] = [item for item in Pack().run(BROKEN["an end"]) if "certificate" in item.policy]
    assert said.level == "advisory"


def test_a_plain_secret_is_mandatory_though_its_policy_is_a_remediation() -> None:
    [said] = Pack().register(thing(value=KEY))
    assert (said.policy, said.level) == ("no-plain-secrets", "mandatory")
    assert said.message.startswith("value contains a private key as a plain input")


@pytest.mark.parametrize("value", [Secret(KEY), {"inner": [Secret(KEY)]}, Secret({"token": "t"})])
def test_the_marks_of_secrets_reach_the_rule(value: Any) -> None:
    assert Pack().register(thing(value=value)) == []


def test_without_the_marks_everything_is_refused() -> None:
    [said] = Pack().analyze(thing(value="harmless"))
    assert (said.level, said.message) == ("mandatory", UNMARKED)


def test_the_marks_of_other_inputs_do_not_count() -> None:
    pack = Pack()
    pack.remediate(thing(value=Secret(KEY)))
    [said] = pack.analyze(thing(value=KEY, more="of another remediation's"))
    assert said.message == UNMARKED


def test_the_marks_of_another_resource_do_not_count() -> None:
    pack = Pack()
    pack.remediate(thing(value=Secret("x")))
    [said] = pack.analyze(resource("random:index/randomId:RandomId", "other", {"value": "x"}))
    assert said.message == UNMARKED


@pytest.mark.parametrize("level", [proto.MANDATORY, proto.ADVISORY])
def test_at_another_level_by_configuration_everything_is_refused(level: Any) -> None:
    pack = Pack()
    config = {"no-plain-secrets": proto.PolicyConfig(enforcementLevel=level)}
    pack.service.Configure(proto.ConfigureAnalyzerRequest(policyConfig=config), None)
    [said] = pack.register(thing(value=Secret("x")))
    assert said.message == UNMARKED, "a check that can't see what is secret must not seem to pass"


def test_the_engines_own_keys_are_no_inputs() -> None:
    pack = Pack()
    pack.remediate(thing(value=Secret("x"), __defaults=["value"], inner={"__defaults": []}))
    assert pack.analyze(thing(value=Secret("x"), inner={})) == [], "every resource with defaults would be refused"


def registered_then(kind: str, name: str, inputs: Any, outputs: Any) -> list[str]:
    """The messages of the rules for the stack, with these inputs and outputs of one resource."""
    pack = Pack()
    old = named(kind, name)
    pack.register(*(replace(item, properties=inputs) if item == old else item for item in stack()))
    return [
        f"{item.policy}: {item.message}"
        for item in pack.finish(replace(item, properties=outputs) if item == old else item for item in stack())
    ]


RECORD = ("DnsRecord", "api.example.com-node1-a")


def test_where_outputs_are_empty_the_inputs_count() -> None:
    server = named("Server", "node1").properties
    assert registered_then("Server", "node1", server, {}) == []
    agent = put(server, ("labels", "role"), "agent")
    assert any("use an odd number" in text for text in registered_then("Server", "node1", agent, {}))


@pytest.mark.parametrize(("path", "value"), [(("content",), "203.0.113.9"), (("name",), "old.example.com")])
def test_inputs_count_more_than_outputs(path: Path, value: Any) -> None:
    good = named(*RECORD).properties
    assert registered_then(*RECORD, good, put(good, path, value)) == [], "the update is about to mend it"
    assert registered_then(*RECORD, put(good, path, value), good), "what the update is about to break passes"


def test_an_unknown_input_is_taken_from_the_outputs() -> None:
    good = named(*RECORD).properties
    later = put(good, ("content",), UNKNOWN)
    assert not [text for text in registered_then(*RECORD, later, good) if GAPS not in text]
    said = registered_then(*RECORD, later, put(good, ("content",), "203.0.113.9"))
    assert any("203.0.113.9" in text for text in said), "an address that the update made is never judged"


def test_a_state_alone_is_judged_by_its_outputs() -> None:
    said = Pack().finish(with_property(*RECORD, ("content",), "203.0.113.9"))
    assert any("203.0.113.9" in item.message for item in said)
    assert Pack().finish(stack()) == []


SENTINELS = [value for name, value in vars(unknowns).items() if name.startswith("UNKNOWN_")]


@pytest.mark.parametrize("sentinel", SENTINELS)
@pytest.mark.parametrize("proxy", [unknowns.unknown_checking_proxy, secrets.secrets_preserving_proxy])
def test_every_kind_of_unknown_is_one(sentinel: str, proxy: Any) -> None:
    assert plain_data(proxy({"a": sentinel, "b": [{"c": sentinel}]})) == {"a": UNKNOWN, "b": [{"c": UNKNOWN}]}


def test_numbers_are_what_they_were_before_the_wire() -> None:
    found = plain_data({"whole": 1.0, "part": 1.5, "truth": True, "nothing": None})
    assert repr(found) == repr({"whole": 1, "part": 1.5, "truth": True, "nothing": None})


def test_a_key_in_an_asset_is_found() -> None:
    assert plain_data({"source": pulumi.StringAsset(KEY)}) == {"source": {"text": KEY}}
