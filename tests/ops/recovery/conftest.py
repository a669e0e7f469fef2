"""A stack of production whose state was lost: a checkout, its clouds, its cluster and its recovery document."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from sandbox.clouds_api.accounts import Accounts
from sandbox.clouds_api.serving import Endpoints, clouds_api
from sandbox.engine.find import Engine
from sandbox.providers.answers_server import DOCUMENT
from sandbox.world import World
from tests.checkout import Checkout, copy_repository
from tests.engine.conftest import engine
from tests.lost_state import DOCUMENT as COPY
from tests.ops.recovery.recorded_cluster import recorded_cluster

if TYPE_CHECKING:
    from subprocess import CompletedProcess

__all__ = ["engine"]

STACK: Final = "prod"
OPERATORS: Final = {"honeydue:operators": ["198.18.0.10/32"]}


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The stack, and what `ops import` needs of it.

    Attributes:
        state: The state that was lost, with its secrets in plain text.
    """

    checkout: Checkout
    world: World
    endpoints: Endpoints
    kubeconfig: Path
    state: dict[str, Any]

    @property
    def out(self) -> Path:
        """The import file."""
        return self.checkout.folder / "import.json"

    @property
    def document(self) -> Path:
        """The copy of the recovery document."""
        return self.checkout.folder / COPY

    def find(self, *options: str) -> "CompletedProcess[str]":
        """Run `ops import` on a stack that was created again."""
        words = ["--stack", STACK, "--recovery", COPY, "--out", self.out.name, "--kubeconfig", str(self.kubeconfig)]
        return self.checkout.run("python", "-m", "ops", "import", *words, *options, check=False)

    def resources(self) -> dict[str, Any]:
        """The resources of the state, with secrets in plain text, by URN."""
        return by_urn(self.checkout)


def by_urn(checkout: Checkout) -> dict[str, Any]:
    """Return the resources of the stack's state, with secrets in plain text."""
    text = checkout.run("pulumi", "stack", "export", "--stack", STACK, "--show-secrets").stdout
    return {resource["urn"]: resource for resource in json.loads(text)["deployment"]["resources"]}


@pytest.fixture(scope="session")
def deployed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkout and a sandbox in which production was brought up once; to be copied, not used."""
    home = tmp_path_factory.mktemp("deployed")
    checkout = Checkout(folder=copy_repository(home / "clone"), engine=engine, home=home / "sandbox")
    checkout.start_stack(STACK, OPERATORS)
    checkout.run("pulumi", "up", "--yes", "--skip-preview", "--stack", STACK)
    (home / "state.json").write_text(json.dumps(by_urn(checkout)))
    for file in checkout.layout.state_file(STACK).parent.glob(f"{STACK}.*"):
        file.unlink()
    return home


@pytest.fixture
def lost(engine: Engine, deployed: Path, tmp_path: Path) -> Iterator[Lost]:
    """A stack of this test's own whose state was lost."""
    shutil.copytree(deployed / "sandbox", tmp_path / "sandbox", symlinks=True)
    folder = copy_repository(tmp_path / "clone")
    shutil.copy(deployed / "clone" / f"Pulumi.{STACK}.yaml", folder)
    bare = Checkout(folder=folder, engine=engine, home=tmp_path / "sandbox")
    world = World(bare.layout.world)
    try:
        with clouds_api(world, Accounts()) as endpoints, recorded_cluster(world, tmp_path) as kubeconfig:
            checkout = Checkout(folder=folder, engine=engine, home=bare.home, variables=endpoints.variables)
            found = Lost(
                checkout=checkout,
                world=world,
                endpoints=endpoints,
                kubeconfig=kubeconfig,
                state=json.loads((deployed / "state.json").read_text()),
            )
            found.document.touch(mode=0o600)
            found.document.write_text(world.objects(DOCUMENT)[0].data["text"])
            yield found
    finally:
        world.close()
