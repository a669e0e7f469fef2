"""Updates killed in the middle of creates, and recovered by the commands that docs/operations.md gives."""

import json
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
import yaml
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

from sandbox.engine import processes
from sandbox.engine.environment import engine_environment
from sandbox.engine.layout import ROOT
from sandbox.engine.session import program
from sandbox.providers import cloudflare, hcloud
from sandbox.world import Item, World
from tests.engine.conftest import Edits, Sandboxes
from tests.stack_files import stack_config

STACK: Final = "sandbox"
SECTION: Final = (ROOT / "docs" / "operations.md").read_text().partition("\n## When an update is interrupted\n")[2]
PATIENCE: Final = 120.0
"""Seconds that an update may take until the objects exist at which it is to be killed."""
ROUTES: Final = stack_config(STACK)["honeydue:routes"]
MORE_ROUTES: Final = [
    {**ROUTES[0], "hosts": [*ROUTES[0]["hosts"], "new.sandbox.test"]},
    *ROUTES[1:],
    {"name": "later", "hosts": ["later.sandbox.test"], "service": "api", "port": 8000},
]

# What the document says


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the document's table: types of resource, what to do about an object that exists, the form of its id."""

    types: list[str]
    action: str
    identity: str

    @property
    def verb(self) -> str:
        """`import`, `nothing`, or what is done by hand."""
        return re.split(r"\W", self.action)[0]


def commands() -> list[str]:
    """The commands of the document's steps, in order."""
    return re.findall(r"^ {7}((?:pulumi|make) .+)$", SECTION.partition("\n## ")[0], re.MULTILINE)


def row(resource_type: str) -> Row:
    """The one row for this type."""
    [found] = [entry for entry in rows() if any(fnmatch(resource_type, pattern) for pattern in entry.types)]
    return found


def rows() -> Iterator[Row]:
    """The document's table."""
    for line in re.findall(r"^\| `.+$", SECTION.partition("\n## ")[0], re.MULTILINE):
        types, action, identity = (cell.strip() for cell in line.strip("|").split("|"))
        form = re.match(r"`([^`]+)`", identity)
        yield Row(types=re.findall(r"`([^`]+)`", types), action=action, identity=form[1] if form else "")


def import_command(template: str, resource: Mapping[str, Any], item: Item) -> str:
    """The document's command for an import, with the words in capitals filled in as the document says."""
    inputs, entry = resource["inputs"], row(resource["type"])
    identity = {
        "ID": item.id,
        "NETWORK": str(inputs.get("networkId")),
        "RANGE": str(inputs.get("ipRange")),
        "ZONE": str(inputs.get("zoneId")),
        "NAMESPACE": str(inputs.get("metadata", {}).get("namespace")),
        "NAME": str(inputs.get("metadata", {}).get("name")),
    }
    words = {
        "TYPE": resource["type"],
        "NAME": resource["urn"].rpartition("::")[2],
        "ID": filled(entry.identity, identity),
        "PARENT": resource["parent"],
        "PROVIDER": resource["provider"].rpartition("::")[0],
    }
    return filled(" ".join([template, *re.findall(r"`(--[^`]+)`", entry.action)]), words)


def filled(text: str, words: Mapping[str, str]) -> str:
    """The text with each word in capitals replaced."""
    return re.sub(r"\b[A-Z]{2,}\b", lambda word: words[word[0]], text)


# Who follows it


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Runs the real command line in the stack's work folder, and deletes objects in the clouds by hand."""

    box: Sandboxes
    world: World

    @property
    def folder(self) -> Path:
        """The stack's work folder."""
        return self.box.layout.stacks / STACK

    def run(self, command: str) -> "subprocess.CompletedProcess[str]":
        """A command of the document on this stack, with no pack; nobody answers here, so an update must not ask."""
        name, *words = shlex.split(command)
        if name == "make":
            verb, stack, *more = words
            assert stack == "STACK=prod"
            words = [verb, *(word.removeprefix("ARGS=") for word in more)]
        else:
            assert name == "pulumi"
        return subprocess.run(
            [self.box.engine.path, *words, *(["--skip-preview", "--yes"] if words[0] == "up" else [])],
            cwd=self.folder,
            env={
                **engine_environment(self.box.layout),
                "HONEYDUE_SANDBOX_ZONES": stack_config(STACK)["honeydue:zone"],
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )

    def succeed(self, command: str) -> None:
        """A command that must work."""
        done = self.run(command)
        assert done.returncode == 0, f"{command}\n{done.stdout}"

    def fail(self, command: str) -> str:
        """What a command says that must not work."""
        done = self.run(command)
        assert done.returncode != 0, f"{command} works here, and does not work in production\n{done.stdout}"
        return done.stdout

    def state(self) -> dict[str, Any]:
        """The state, read only."""
        found: dict[str, Any] = json.loads(self.box.layout.state_file(STACK).read_text())["checkpoint"]["latest"]
        return found

    def unknown(self) -> list[Item]:
        """The objects that an update made, and that are not in the state."""
        known = {(entry["urn"], entry.get("id")) for entry in self.state()["resources"]}
        return [item for item in self.world.objects() if item.urn and (item.urn, item.id) not in known]

    def settle(self, resource: Mapping[str, Any], template: str) -> None:
        """Does what the table says about a create that was under way, if its object exists."""
        verb = row(resource["type"]).verb
        for item in self.unknown():
            if item.urn != resource["urn"] or verb == "nothing":
                continue
            if verb == "import":
                self.succeed(import_command(template, resource, item))
            else:
                kinds = {**hcloud.provider(self.world).kinds, **cloudflare.provider(self.world).kinds}
                kinds[resource["type"]].delete(item.id, item.data)


@contextmanager
def operator(box: Sandboxes) -> Iterator[Operator]:
    """An operator whose engine runs the program in this process, because no language host is installed here."""
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program(ROOT / "__main__.py")), server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    with closing(box().world) as world:
        found = Operator(box=box, world=world)
        project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
        project["runtime"] = {"name": "client", "options": {"address": address}}
        (found.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        server.start()
        try:
            yield found
        finally:
            server.stop(grace=None).wait(10)


# What goes wrong


@dataclass(frozen=True, kw_only=True)
class Kill:
    """An update of a fixture's sandbox, and the objects at which it is killed: they exist, and no answer says so."""

    box: str
    unanswered: Mapping[str, int]
    """PROVIDER:KIND, and the least number of new objects."""
    errors: tuple[str, ...]
    """The next update says one of these: it stops at the first, and which that is differs."""
    edits: Edits = field(default_factory=dict)


KILLS: Final = {
    "subnet, firewall, placement group and Primary IPs": Kill(
        box="sandbox",
        unanswered={
            "hcloud:network_subnet": 1,
            "hcloud:firewall": 1,
            "hcloud:placement_group": 1,
            "hcloud:primary_ip": 2,
        },
        errors=("name is already used (uniqueness_error)", "overlaps with subnet"),
        edits={"honeydue:servers": stack_config(STACK)["honeydue:servers"][:1]},
    ),
    "servers, network and certificates": Kill(
        box="sandbox",
        unanswered={
            "hcloud:server": 3,
            "hcloud:network": 1,
            "cloudflare:origin_ca_certificate": 1,
            "cloudflare:authenticated_origin_pulls_certificate": 1,
        },
        errors=("name is already used (uniqueness_error)",),
    ),
    "DNS record and Ingress": Kill(
        box="standing",
        unanswered={"cloudflare:dns_record": 1, "kubernetes:ingress": 1},
        errors=("An identical record already exists.", 'ingresses.networking.k8s.io "later" already exists'),
        edits={"honeydue:routes": MORE_ROUTES},
    ),
}


def kill_in_the_middle(box: Sandboxes, kill: Kill) -> None:
    """Runs the update until its objects exist, then kills the engine and all that it started."""
    faults = [word for name in kill.unanswered for word in ("--fault", name.replace(":", ":unanswered@"))]
    with closing(box().world) as world:
        before = world.counts()
        wanted = {
            kind: before.get(kind, 0) + count
            for kind, count in ((name.partition(":")[2], count) for name, count in kill.unanswered.items())
        }
        process = box.start("up", *faults, edits=kill.edits)
        reader = threading.Thread(target=process.communicate)
        reader.start()
        deadline = time.monotonic() + PATIENCE
        try:
            while any(world.counts().get(kind, 0) < count for kind, count in wanted.items()):
                assert process.poll() is None, "the update ended before it was killed"
                assert time.monotonic() < deadline, f"wanted {wanted}, and there are {world.counts()}"
                time.sleep(0.02)
        finally:
            processes.kill(each.pid for each in processes.processes(box.layout) if each.is_engine)
            process.kill()
            processes.kill(each.pid for each in processes.processes(box.layout))
            reader.join(60)


def addresses(world: World) -> dict[str, tuple[str, str]]:
    """The id and the address of each Primary IP."""
    return {item.name: (item.id, item.data["ipAddress"]) for item in world.objects("primary_ip")}


@pytest.mark.parametrize("objects", KILLS)
def test_the_documented_commands_recover_an_update_killed_while_it_created(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, objects: str
) -> None:
    kill = KILLS[objects]
    monkeypatch.setenv("GOMAXPROCS", "4")  # the engine then has 16 creates under way, whatever the machine
    box: Sandboxes = request.getfixturevalue(kill.box)
    kill_in_the_middle(box, kill)
    with operator(box) as person:
        assert "the stack is currently locked by 1 lock(s)" in person.fail("pulumi up")
        unlock, *others = commands()
        person.succeed(unlock)
        said = person.fail("pulumi up")
        assert any(error in said for error in kill.errors), said

        lost, reserved = person.unknown(), addresses(person.world)
        assert {name.partition(":")[2] for name in kill.unanswered} <= {item.kind for item in lost}
        for command in others:
            if not command.startswith("pulumi import"):
                person.succeed(command)
                continue
            saved = json.loads((person.folder / "before.json").read_text())
            for operation in saved["deployment"]["pending_operations"]:
                if operation["type"] == "creating":
                    person.settle(operation["resource"], command)

        assert person.unknown() == [], "an object is not in the state"
        assert not person.state().get("pending_operations"), "the state still lists what was killed"
        for urns in (
            [entry["urn"] for entry in person.state()["resources"]],
            [item.urn for item in person.world.objects() if item.urn],
        ):
            assert len(urns) == len(set(urns)), "something exists twice"
        kept = {(item.kind, item.id) for item in person.world.objects()}
        adopted = {(item.kind, item.id) for item in lost if row(type_of(item)).verb == "import"}
        assert adopted <= kept, "an imported object was replaced"
        assert reserved.items() <= addresses(person.world).items(), "a Primary IP was lost"


def test_the_document_has_one_row_for_every_type_of_resource(standing: Sandboxes) -> None:
    state = json.loads(standing.layout.state_file(STACK).read_text())["checkpoint"]["latest"]
    for resource_type in {entry["type"] for entry in state["resources"] if entry["custom"]}:
        assert row(resource_type).verb in {"import", "delete", "detach", "revoke", "nothing"}
    assert all(entry.identity for entry in rows() if entry.verb == "import"), "an import needs an id"


def type_of(item: Item) -> str:
    """The type of the resource whose creation made an object."""
    return item.urn.split("::")[2].rpartition("$")[2]
