"""A folder with a stack file, the clouds over HTTP, and the results of a group of checks."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.checks.before.context import Context
from ops.checks.model import Outcome, Result
from sandbox.clouds_api.accounts import Accounts
from sandbox.clouds_api.serving import ApiFault, Endpoints, clouds_api
from sandbox.engine.layout import ROOT
from sandbox.world import World

HETZNER_TOKEN = "h" * 64
CLOUDFLARE_TOKEN = "c" * 40
ZONE = "myhoneydue.com"
HERE = "9.9.9.9"
OPERATORS = {"honeydue:operators": [f"{HERE}/32"]}

Checks = Callable[[Context], Iterator[Result]]


@dataclass(frozen=True, kw_only=True)
class Found:
    """The results of checks, by name."""

    results: tuple[Result, ...]

    def __getitem__(self, name: str) -> Result:
        return next(result for result in self.results if result.name == name)

    def outcomes(self) -> dict[str, Outcome]:
        return {result.name: result.outcome for result in self.results}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Clouds without objects."""
    found = World(tmp_path / "world.sqlite")
    yield found
    found.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the repository's project file, stack files and requirements, and a valid Pulumi.prod.yaml."""
    place = tmp_path / "checkout"
    place.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.prod.yaml", "Pulumi.sandbox.yaml", "requirements.txt"):
        shutil.copy(ROOT / name, place)
    edit(place, OPERATORS)
    return place


def edit(folder: Path, edits: Mapping[str, Any], stack: str = "prod") -> None:
    """Set keys of a stack file; None deletes one."""
    path = folder / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(path.read_text())
    config = {**content["config"], **edits}
    path.write_text(yaml.safe_dump({"config": {key: value for key, value in config.items() if value is not None}}))


def context(folder: Path, *, stack: str = "prod", deployed: bool | None = False, address: str = "") -> Context:
    """A context whose state has resources or none, or cannot be read (None)."""
    found = Context(stack, folder, IPv4Address(address) if address else None)
    vars(found)["deployed"] = deployed
    return found


def run(checks: Checks, given: Context) -> Found:
    """Run one group. Whatever it finds has a remedy where the operator must act, and no token."""
    found = Found(results=tuple(checks(given)))
    assert_helpful(found.results)
    return found


def assert_helpful(results: Iterable[Result]) -> None:
    for result in results:
        needs_action = result.outcome in (Outcome.FAILED, Outcome.WARNING)
        assert bool(result.remedy) is needs_action, result
        assert bool(result.see) is needs_action, result
        assert HETZNER_TOKEN not in str(result)
        assert CLOUDFLARE_TOKEN not in str(result)


@contextmanager
def clouds(
    world: World, monkeypatch: pytest.MonkeyPatch, accounts: Accounts | None = None, *faults: ApiFault
) -> Iterator[Endpoints]:
    """Serve the clouds, and set the variables that an operator would set."""
    with clouds_api(world, accounts or Accounts(zones=(ZONE,)), faults=faults) as endpoints:
        for name, value in endpoints.variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HCLOUD_TOKEN", HETZNER_TOKEN)
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", CLOUDFLARE_TOKEN)
        yield endpoints


def set_zone(world: World, **state: object) -> str:
    """Put the zone into the world in a state, and return its id."""
    world.put("zone", "f" * 32, {"id": "f" * 32, "name": ZONE, **state}, provider="cloudflare", name=ZONE)
    return "f" * 32


def put_record(world: World, name: str, kind: str = "A", comment: str | None = None, *, proxied: bool = True) -> None:
    zone = set_zone(world)
    content = {"A": "192.0.2.7", "AAAA": "2001:db8::7", "CNAME": "old.example.com"}.get(kind, "v=spf1 -all")
    data = {"zoneId": zone, "name": name, "type": kind, "content": content, "proxied": proxied, "ttl": 1}
    number = len(world.objects("dns_record"))
    world.put("dns_record", f"{number:032x}", {**data, "comment": comment}, provider="cloudflare")
