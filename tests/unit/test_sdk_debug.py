"""The SDK's debug lines are dropped unless asked for; what speaks to the operator is not touched."""

import pulumi
import pytest

from components.sdk_debug import SENT, VARIABLE, drop_debug_lines


@pytest.fixture(autouse=True)
def _the_sdk_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.log, "debug", SENT)
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The messages that reach the engine."""
    messages: list[str] = []
    monkeypatch.setattr(pulumi.log, "get_engine", lambda: True)
    monkeypatch.setattr(pulumi.log, "_log", lambda _engine, _severity, message, *_: messages.append(message))
    return messages


def test_debug_lines_are_sent_by_the_sdk_itself(sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1")
    drop_debug_lines()
    pulumi.log.debug("preparing resource")
    assert sent == ["preparing resource"]


def test_debug_lines_cost_no_round_trip(sent: list[str]) -> None:
    drop_debug_lines()
    pulumi.log.debug("preparing resource", None, 0, ephemeral=True)
    assert sent == []


@pytest.mark.parametrize("level", ["info", "warn", "error"])
def test_what_speaks_to_the_operator_is_sent(sent: list[str], level: str) -> None:
    drop_debug_lines()
    getattr(pulumi.log, level)("look here")
    assert sent == ["look here"]
