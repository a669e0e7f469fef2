"""What the stand-ins share: a world that is safe for many, and properties that keep their secrecy on the wire."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from sandbox.providers.values import UNKNOWN, has_unknown, normal, plain_map, wrapped_map
from sandbox.world import TakenError, World
from tests.stack_files import ROOT


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world.sqlite")


def test_an_object_outlives_the_process_that_made_it(world: World) -> None:
    program = f"""
from sandbox.world import World
World({str(world.path)!r}).put("server", "7", {{"status": "running"}}, name="node1", urn="urn:x")
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)
    found = world.find("server", "node1")
    assert found is not None
    assert (found.id, found.data, [item.id for item in world.made_by("urn:x")]) == ("7", {"status": "running"}, ["7"])


def test_what_is_not_given_stays_as_it_was(world: World) -> None:
    world.put("server", "1", {}, name="node1", urn="urn:x", provider="hcloud")
    world.put("server", "1", {"status": "off"})
    [found] = world.objects("server")
    assert (found.name, found.provider, found.data) == ("node1", "hcloud", {"status": "off"})


def test_a_scope_is_taken_once(world: World) -> None:
    world.put("network", "1", {}, scope="net")
    with pytest.raises(TakenError, match="net is taken"):
        world.put("network", "2", {}, scope="net")
    world.delete("network", "1")
    world.put("network", "2", {}, scope="net")


def test_a_transaction_is_all_or_nothing(world: World) -> None:
    def fail_half_way() -> None:
        with world.transaction():
            with world.transaction():
                world.put("server", "1", {})
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        fail_half_way()
    assert world.objects() == []


def test_the_same_id_in_another_place_is_another_object(world: World) -> None:
    world.put("node", "a", {"n": 1}, place="one")
    world.put("node", "a", {"n": 2}, place="two")
    assert [item.data["n"] for item in world.objects("node")] == [1, 2]
    assert world.delete("node", "a", place="one")
    assert not world.delete("node", "a", place="one")
    assert [item.place for item in world.objects("node")] == ["two"]


def test_numbers_never_come_twice_whoever_asks(world: World) -> None:
    asked = [world.next_number("ids"), World(world.path).next_number("ids"), world.next_number("ids")]
    assert asked == [1, 2, 3]
    assert world.next_number("others", 100) == 100


def test_calls_are_counted_from_one_in_each_run(world: World) -> None:
    counts = []
    for _ in range(2):
        world.begin_run()
        counts.append([world.record("hcloud", "create", "server", "", "node1") for _ in range(2)])
        counts.append([world.record("tls", "create", "key", "", "key")])
    assert counts == [[1, 2], [1]] * 2


@pytest.mark.parametrize(
    "value",
    [{}, {"a": None, "b": True, "c": 1, "d": 1.5, "e": "x", "f": [], "g": {"h": [{"i": False}]}}, {"a": UNKNOWN}],
)
def test_properties_come_back_as_they_went(value: dict[str, Any]) -> None:
    found = plain_map(wrapped_map(value))
    assert found == value
    assert type(found.get("c", 1)) is int


def test_a_secret_is_marked_on_the_wire_and_plain_to_the_stand_in() -> None:
    sent = wrapped_map({"token": "t", "name": "n"}, ["token"])
    marked = json_format.MessageToDict(sent)["token"]
    assert marked["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270"
    assert plain_map(sent) == {"token": "t", "name": "n"}


@pytest.mark.parametrize(
    ("value", "unknown"), [(UNKNOWN, True), ([{"a": [UNKNOWN]}], True), ({"a": "b"}, False), ("unknown", False)]
)
def test_what_is_unknown_is_found_however_deep(value: Any, unknown: bool) -> None:
    assert has_unknown(value) is unknown


@pytest.mark.parametrize(
    ("one", "other"), [(1, "1"), (True, "true"), (None, ""), ([], None), ({"a": None}, {}), ([1, "b"], ["1", "b"])]
)
def test_two_spellings_of_one_value_are_one(one: Any, other: Any) -> None:
    assert normal(one) == normal(other)
    assert normal([one, "x"]) != normal([other, "y"])
