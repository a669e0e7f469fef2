"""What stands but never became ready reaches the engine with its id and outputs, so that it enters the state."""

from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto import status_pb2

from sandbox.providers.kubernetes import Kubernetes
from sandbox.providers.refusal import UnfinishedError
from sandbox.providers.serving import Servicer
from sandbox.providers.values import plain_map
from sandbox.world import World


class Context:
    """What gRPC gives to a handler."""

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self.metadata = dict(metadata)

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        self.ended = (code, details)


def test_it_is_told_beside_the_error(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    plugin = Kubernetes(World(tmp_path_factory.mktemp("world") / "world.sqlite"))

    def fail(*_: object, **__: object) -> None:
        raise UnfinishedError("no address", "app/it", {"spec": {"number": 1}})

    monkeypatch.setattr(plugin, "create", fail)
    context, servicer = Context(), Servicer(plugin, "1.0.0")
    create: Any = servicer.Create
    create(proto.CreateRequest(urn="urn"), context)
    assert context.ended == (grpc.StatusCode.UNKNOWN, "no address")
    status = status_pb2.Status.FromString(context.metadata["grpc-status-details-bin"])
    made = proto.ErrorResourceInitFailed()
    assert status.details[0].Unpack(made)
    assert (made.id, plain_map(made.properties), list(made.reasons)) == (
        "app/it",
        {"spec": {"number": 1}},
        ["no address"],
    )
