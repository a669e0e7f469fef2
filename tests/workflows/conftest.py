"""One running stack, prod, on the sandbox's clouds, and checkouts of it in which jobs run."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.engine.environment import passphrase
from sandbox.engine.find import find
from sandbox.engine.layout import Layout
from sandbox.engine.voice import Plain
from tests.checkout import Checkout, copy_repository
from tests.workflows.actions import Actions
from tests.workflows.github import GitHub, serving
from tests.workflows.runner import Runner, plain

OPERATORS = {"honeydue:operators": ["198.18.0.10/32"]}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose stack prod is up to date; to be copied, not changed."""
    folder = tmp_path_factory.mktemp("workflows")
    engine = find(Layout().tools, Plain())
    made = Checkout(folder=copy_repository(folder / "checkout"), engine=engine, home=folder / "sandbox")
    made.start_stack("prod", OPERATORS)
    made.run("pulumi", "up", "--yes", "--skip-preview", "--policy-pack", "policy", "--stack", "prod")
    return made


@pytest.fixture
def checkout(stack: Checkout, tmp_path: Path) -> Checkout:
    """A checkout of the test's own, of the running stack."""
    folder = tmp_path / "checkout"
    shutil.copytree(stack.folder, folder, symlinks=True)
    return Checkout(folder=folder, engine=stack.engine, home=stack.home)


@pytest.fixture
def github() -> Iterator[GitHub]:
    """GitHub's API."""
    with serving() as started:
        yield started


@pytest.fixture
def actions() -> Actions:
    """The actions that the workflows use."""
    return Actions()


@pytest.fixture
def runner(github: GitHub, stack: Checkout, actions: Actions) -> Runner:
    """A repository with the environments and variables of docs/delivery.md."""
    secret = {"PULUMI_CONFIG_PASSPHRASE": passphrase(stack.layout)}
    return Runner(
        github=github,
        base=plain(stack.environment),
        environments=dict.fromkeys(("preview-prod", "prod", "drift-prod"), secret),
        variables={"PULUMI_BACKEND_URL": stack.environment["PULUMI_BACKEND_URL"]},
        actions=actions.table,
    )
