"""What the client of a Kubernetes API server tries again, how often, and after which pause."""

import time
from collections.abc import Callable

import pytest

from sandbox.providers.k3s_credentials import kubeconfig
from sandbox.providers.kubernetes_api import UnreachableError
from sandbox.providers.kubernetes_https import Answer, Client

Result = Answer | OSError
Play = Callable[[str, list[Result]], Answer]
FINE = Answer(code=200, body={})
BUSY = Answer(code=429, body={}, pause=2.0)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Sends one request, which meets these results one after another."""

    def send(verb: str, results: list[Result]) -> Answer:
        def exchange(*_: object) -> Answer:
            found = results.pop(0)
            if isinstance(found, OSError):
                raise found
            return found

        client = Client(kubeconfig({"ca": "", "certificate": "", "key": ""}))
        monkeypatch.setattr(client, "_exchange", exchange)
        return client.send(verb, "/api/v1/namespaces")

    return send


def test_reading_gets_over_a_server_that_starts_anew(play: Play, pauses: list[float]) -> None:
    broken: list[Result] = [ConnectionRefusedError(), ConnectionResetError(), ConnectionRefusedError()]
    assert play("GET", [*broken, FINE]) is FINE
    assert pauses == [0.5, 1.0, 1.5]


def test_reading_gives_up_after_five_seconds(play: Play, pauses: list[float]) -> None:
    results: list[Result] = [ConnectionRefusedError() for _ in range(6)]
    with pytest.raises(UnreachableError, match=r"dial tcp 127\.0\.0\.1:6443: connect: connection refused"):
        play("GET", results)
    assert len(results) == 1
    assert sum(pauses) == 5.0


@pytest.mark.parametrize("verb", ["POST", "PATCH", "DELETE"])
def test_nothing_is_changed_twice(play: Play, pauses: list[float], verb: str) -> None:
    with pytest.raises(UnreachableError, match="EOF"):
        play(verb, [ConnectionResetError(), FINE])
    assert pauses == []


def test_a_server_that_is_too_slow_is_not_asked_again(play: Play, pauses: list[float]) -> None:
    with pytest.raises(UnreachableError, match="i/o timeout"):
        play("GET", [TimeoutError(), FINE])
    assert pauses == []


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_a_busy_server_is_asked_again_when_it_says(play: Play, pauses: list[float], verb: str) -> None:
    assert play(verb, [BUSY, Answer(code=503, body={}, pause=60.0), FINE]) is FINE
    assert pauses == [2.0, 10.0]


def test_a_server_that_stays_busy_has_the_last_word(play: Play, pauses: list[float]) -> None:
    assert play("POST", [BUSY] * 6) is BUSY
    assert len(pauses) == 4


def test_a_server_that_names_no_time_is_not_asked_again(play: Play, pauses: list[float]) -> None:
    assert play("GET", [Answer(code=503, body={}), FINE]).code == 503
    assert pauses == []


def test_a_user_whom_the_server_does_not_know_reaches_nothing(play: Play) -> None:
    with pytest.raises(UnreachableError, match="Unauthorized"):
        play("GET", [Answer(code=401, body={})])
