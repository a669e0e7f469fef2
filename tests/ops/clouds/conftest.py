"""The stand-in of the clouds' read APIs over a world in which a stack is up."""

import socket
from collections.abc import Iterator

import pytest

from sandbox.clouds_api.accounts import Accounts
from sandbox.clouds_api.serving import Endpoints, clouds_api
from sandbox.engine.secrets import generate
from sandbox.world import World
from tests.engine.conftest import Sandboxes

HETZNER_TOKEN = "h" * 64
CLOUDFLARE_TOKEN = "c" * 40


@pytest.fixture
def world(standing: Sandboxes) -> Iterator[World]:
    """The clouds of a stack that is up."""
    found = World(standing.layout.world)
    yield found
    found.close()


@pytest.fixture
def tokens(standing: Sandboxes) -> dict[str, str]:
    """The tokens of that stack."""
    return generate(standing.layout, "sandbox", ("hcloud:token", "cloudflare:apiToken")).values


@pytest.fixture
def endpoints(world: World) -> Iterator[Endpoints]:
    """The APIs with every well-formed token and the zone of the stack."""
    with clouds_api(world, Accounts()) as found:
        yield found


def closed_port() -> int:
    """Return a port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
