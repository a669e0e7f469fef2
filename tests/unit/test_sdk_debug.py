"""What the SDK tells for debugging is left out unless asked for; what speaks to the operator is not touched."""

import inspect
import traceback
from pathlib import Path

import pulumi
import pulumi.runtime.resource as registering
import pytest

from components.sdk_debug import NEAREST, SENT, VARIABLE, leave_out_debugging


@pytest.fixture(autouse=True)
def _the_sdk_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.log, "debug", SENT)
    monkeypatch.setattr(registering, "traceback", traceback)
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
    leave_out_debugging()
    pulumi.log.debug("preparing resource")
    assert sent == ["preparing resource"]


def test_debug_lines_cost_no_round_trip(sent: list[str]) -> None:
    leave_out_debugging()
    pulumi.log.debug("preparing resource", None, 0, ephemeral=True)
    assert sent == []


@pytest.mark.parametrize("level", ["info", "warn", "error"])
def test_what_speaks_to_the_operator_is_sent(sent: list[str], level: str) -> None:
    leave_out_debugging()
    getattr(pulumi.log, level)("look here")
    assert sent == ["look here"]


class _Custom(pulumi.CustomResource):
    """As the SDKs make theirs: a constructor that calls another one."""

    def __init__(self, name: str) -> None:
        self._internal_init(name)

    def _internal_init(self, name: str) -> None:
        super().__init__("test:index:Custom", name, {})


class _Component(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("test:index:Component", name)


@pytest.mark.parametrize("kind", [_Custom, _Component])
@pytest.mark.parametrize("kept", ["", "1"])
def test_the_line_that_made_a_resource_is_known(
    kind: type[_Custom] | type[_Component], kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, kept)
    leave_out_debugging()
    traces = []

    def register(*_args: object, **_options: object) -> None:
        traces.append(registering._get_stack_trace())

    monkeypatch.setattr("pulumi.resource.register_resource", register)
    line = inspect.currentframe().f_lineno + 1  # type: ignore[union-attr]
    kind("one")
    [trace] = traces
    assert (trace.frames[0].pc.uri, trace.frames[0].pc.line) == (Path(__file__).as_uri(), line)
    assert bool(kept) == (len(trace.frames) > NEAREST), "the frames beyond are what is left out"
