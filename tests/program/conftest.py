"""One recording per stack file, shared by all tests of the graph; they only read it."""

import pytest

from tests.program.recorder import Recording, record
from tests.stack_files import STACKS


@pytest.fixture(scope="session")
def recordings() -> dict[str, Recording]:
    """What each stack file makes the program register."""
    return {stack: record(stack) for stack in STACKS}


@pytest.fixture(params=STACKS)
def recording(request: pytest.FixtureRequest, recordings: dict[str, Recording]) -> Recording:
    """One stack's registrations."""
    return recordings[request.param]


@pytest.fixture
def prod(recordings: dict[str, Recording]) -> Recording:
    """Production's registrations."""
    return recordings["prod"]
