"""What an operation did, from events as the engine sends them."""

from typing import Any

from pulumi.automation import EngineEvent

from sandbox.engine.outcome import EngineFailed, Outcome

URN = "urn:pulumi:s::honeydue::honeydue:index:Node$hcloud:index/server:Server::node1"
STACK = "urn:pulumi:s::honeydue::pulumi:pulumi:Stack::honeydue-s"


def outcome_of(*events: dict[str, Any]) -> Outcome:
    outcome = Outcome(operation="preview")
    for number, event in enumerate(events):
        outcome.take(EngineEvent.from_json({"sequence": number, "timestamp": 0, **event}))
    return outcome


def step(kind: str, operation: str, urn: str = URN, **more: Any) -> dict[str, Any]:
    return {kind: {"metadata": {"op": operation, "urn": urn, "type": urn.split("::")[2], "provider": "", **more}}}


def summary(**changes: int) -> dict[str, Any]:
    return {"summaryEvent": {"resourceChanges": changes}}


def test_an_operation_without_changes_says_that_nothing_changes() -> None:
    outcome = outcome_of(step("resourcePreEvent", "same"), step("resOutputsEvent", "same"), summary(same=7))
    assert outcome.nothing_changes, "the second `make sandbox` rests on this"
    assert outcome.touched == {}


def test_an_output_that_changes_alone_is_a_change() -> None:
    state = {"type": "pulumi:pulumi:Stack", "urn": STACK, "id": "", "parent": "", "provider": ""}
    old, new = ({**state, "outputs": {"digest": digest}} for digest in ("a", "b"))
    outcome = outcome_of(step("resOutputsEvent", "same", STACK, old=old, new=new), summary(same=1))
    assert outcome.changes == {}
    assert not outcome.nothing_changes, "skipping the update would leave old outputs standing"


def test_a_replacement_is_told_with_its_steps_and_reasons_in_order() -> None:
    outcome = outcome_of(
        step("resourcePreEvent", "delete-replaced"),
        step(
            "resourcePreEvent", "replace", keys=["location"], detailedDiff={"location": {"diffKind": "update-replace"}}
        ),
        step("resourcePreEvent", "create-replacement"),
        summary(replace=1),
    )
    assert outcome.order("delete-replaced", "create-replacement") == [
        ("delete-replaced", "node1"),
        ("create-replacement", "node1"),
    ]
    assert outcome.begun[1].keys == ("location",), "which input replaces a server is what a test must be able to ask"
    assert outcome.begun[1].changed == ("location",)
    assert outcome.changes == {"replace": 1}


def test_what_a_refresh_found_is_told_by_how_its_steps_ended() -> None:
    outcome = outcome_of(step("resourcePreEvent", "refresh"), step("resOutputsEvent", "delete"), summary(delete=1))
    assert outcome.touched == {URN: {"delete"}}, "an object that is gone is drift"


def test_a_failure_speaks_with_the_policys_words_first_and_each_once() -> None:
    error = {
        "diagnosticEvent": {"message": "<{%fg 1%}>no\x1b[0m such zone<{%reset%}>\n", "severity": "error", "urn": STACK}
    }
    taken = {"diagnosticEvent": {"message": "name is taken", "severity": "error", "urn": URN}}
    violation = {
        "policyEvent": {
            "message": "<{%reset%}>443 is open to everybody",
            "policyName": "edge-only",
            "enforcementLevel": "mandatory",
            "resourceUrn": URN,
        }
    }
    advice = {"policyEvent": {"message": "soon", "policyName": "expiry", "enforcementLevel": "advisory"}}
    outcome = outcome_of(error, error, taken, violation, advice)
    assert outcome.said() == ["edge-only: 443 is open to everybody", "no such zone", "node1: name is taken"]
    assert (
        str(EngineFailed(outcome))
        == "preview failed:\nedge-only: 443 is open to everybody\nno such zone\nnode1: name is taken"
    )
    assert [found.mandatory for found in outcome.violations] == [True, False]


def test_an_engine_that_was_killed_is_no_silent_failure() -> None:
    outcome = Outcome(operation="up", code=-9)
    assert outcome.said() == ["the engine was killed by signal 9"]
