"""A real API server for the tests of this folder, and the program's registrations, as tests/program records them."""

import uuid
from collections.abc import Iterator

import pytest

from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import Layout
from sandbox.engine.voice import Silent
from sandbox.providers.kubernetes_live import LiveApi, Patience
from sandbox.tools.binaries import CLUSTER, ensure
from tests.cluster.api_server import ApiServer, api_server
from tests.cluster.objects import create, manifest
from tests.program.conftest import prod, recording, recordings
from tests.unavailable import unavailable

__all__ = ["prod", "recording", "recordings"]

CONTROLLERS = ("garbage-collector-controller", "namespace-controller")


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server, where there is Go to build it, with the controllers that finish deletions."""
    folder = tmp_path_factory.mktemp("api-server")
    try:
        ensure(CLUSTER, Layout().tools, Silent())
    except SandboxError as error:
        unavailable("API server", error)
    with api_server(folder, CONTROLLERS) as found:
        yield found


@pytest.fixture
def api(server: ApiServer) -> LiveApi:
    """The kubernetes stand-in's client, as an administrator who is in a hurry."""
    return LiveApi(server.kubeconfig, Patience(address=2.0, deletion=30.0, namespace=60.0, pause=0.1))


@pytest.fixture
def namespace(api: LiveApi) -> str:
    """A new one; it goes with the server."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    create(api, manifest("Namespace", "", name))
    return name
