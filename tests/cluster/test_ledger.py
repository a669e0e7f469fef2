"""Which resource made which object is noted, so that a create that was killed can be found."""

from pathlib import Path

import pytest

from sandbox.providers.kubernetes_ledger import Ledger
from sandbox.providers.kubernetes_live import LiveApi
from sandbox.world import World
from tests.cluster.api_server import ApiServer
from tests.cluster.objects import KIND, manifest, refusal, secret

URN = "urn:pulumi:test::honeydue::kubernetes:core/v1:Secret::it"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Where the notes are."""
    return World(tmp_path / "world.sqlite")


@pytest.fixture
def noting(server: ApiServer, world: World) -> LiveApi:
    """A client that notes."""
    return LiveApi(server.kubeconfig, ledger=Ledger(world))


def test_what_was_made_is_noted_until_it_is_gone(noting: LiveApi, world: World, namespace: str) -> None:
    noting.create(KIND["Secret"], secret(namespace, key="one"), URN)
    assert [item.id for item in world.made_by(URN)] == [f"{namespace}/it"]
    assert world.made_by(URN)[0].data == {}, "the note holds the secret itself"
    noting.delete(KIND["Secret"], f"{namespace}/it")
    assert world.made_by(URN) == []


def test_what_was_refused_is_not_noted(noting: LiveApi, world: World) -> None:
    said = refusal(lambda: noting.create(KIND["Secret"], secret("nowhere", key="one"), URN))
    assert "nowhere" in said
    assert world.made_by(URN) == []


def test_a_refused_second_maker_does_not_tear_the_firsts_note_out(
    noting: LiveApi, world: World, namespace: str
) -> None:
    noting.create(KIND["Secret"], secret(namespace, key="one"), URN)
    refusal(lambda: noting.create(KIND["Secret"], secret(namespace, key="one"), f"{URN}-again"))
    assert [item.id for item in world.made_by(URN)] == [f"{namespace}/it"]
    assert world.made_by(f"{URN}-again") == []


def test_a_create_that_was_killed_is_noted_already(
    noting: LiveApi, world: World, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noting._client, "send", killed)
    with pytest.raises(KeyboardInterrupt):
        noting.create(KIND["Middleware"], manifest("Middleware", namespace, spec={}), URN)
    assert [item.id for item in world.made_by(URN)] == [f"{namespace}/it"]


def killed(*_arguments: object, **_options: object) -> None:
    """The end of the process."""
    raise KeyboardInterrupt
