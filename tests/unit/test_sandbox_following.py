"""Machines follow the records, also if the engine creates several servers at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.nodes import following


@dataclass
class Record:
    """A server's record."""

    id: str
    name: str
    data: dict[str, Any] = field(default_factory=lambda: {"status": "running"})


class Records:
    """Two servers, whose records exist already when the first machine is booted."""

    def objects(self, kind: str) -> list[Record]:
        """The records of a kind."""
        return [Record("1", "node1"), Record("2", "node2")] if kind == "server" else []


def test_calls_at_the_same_time_boot_each_server_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    booted: list[str] = []

    class Machine:
        """A machine that takes a moment to boot."""

        def __init__(self, *, fabric: object, host: str) -> None:
            del fabric
            self.host, self.folder, self.private_address = host, tmp_path / host, ""

        def create(self, *_: object) -> None:
            booted.append(self.host)
            time.sleep(0.05)
            self.folder.mkdir()

        def power_on(self) -> None:
            """Nothing to do."""

    monkeypatch.setattr(following, "Machine", Machine)
    monkeypatch.setattr(following, "machines", lambda _: [])
    with ThreadPoolExecutor(max_workers=3) as pool:
        for done in [pool.submit(following.follow, Records(), object()) for _ in range(3)]:  # type: ignore[arg-type]
            done.result()
    assert booted == ["s1", "s2"]
