"""Serves a stand-in over gRPC, as the engine speaks to any plugin, and ends when the engine does.

The SDK has a server for this, but importing it takes longer than all else that a plugin does, and the engine starts its
plugins one after another.
"""

import os
import sys
from collections.abc import Callable, Mapping
from concurrent import futures
from typing import Any, Final

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as proto

from sandbox.providers.base import StandIn, outlive
from sandbox.providers.diffing import Difference
from sandbox.providers.refusal import RefusalError, UnfinishedError
from sandbox.providers.resource import Problem
from sandbox.providers.values import plain_map, wrapped_map

_LARGEST: Final = 400 * 1024 * 1024
"""Bytes of a message, as the engine's own limit."""


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The engine's questions, as the stand-in takes them."""

    def __init__(self, provider: StandIn, version: str) -> None:
        self._provider: Final = provider
        self._version: Final = version
        self.answers: Final[Mapping[str, Callable[[Any], Any]]] = {
            "GetPluginInfo": lambda _: plugin_pb2.PluginInfo(version=self._version),
            "CheckConfig": self._check_config,
            "DiffConfig": lambda asked: _diff(
                provider.configuration_difference(plain_map(asked.olds), plain_map(asked.news))
            ),
            "Configure": self._configure,
            "Check": self._check,
            "Diff": self._difference,
            "Create": self._create,
            "Read": self._read,
            "Update": self._update,
            "Delete": self._delete,
            "Invoke": self._invoke,
            "Cancel": lambda _: Empty(),
        }
        for name, answer in self.answers.items():
            setattr(self, name, _refusing(answer))

    def _check_config(self, asked: Any) -> Any:
        problems = self._provider.check_config(plain_map(asked.news))
        return proto.CheckResponse(inputs=asked.news, failures=_failures(problems))

    def _configure(self, asked: Any) -> Any:
        self._provider.configuration = plain_map(asked.args)
        return proto.ConfigureResponse(supportsPreview=True)

    def _check(self, asked: Any) -> Any:
        inputs, secrets, problems = self._provider.check(
            asked.urn, plain_map(asked.news), plain_map(asked.olds), asked.randomSeed
        )
        return proto.CheckResponse(inputs=wrapped_map(inputs, secrets), failures=_failures(problems))

    def _difference(self, asked: Any) -> Any:
        found = self._provider.difference(
            asked.urn,
            state=plain_map(asked.olds),
            old_inputs=plain_map(asked.old_inputs),
            inputs=plain_map(asked.news),
            ignored=list(asked.ignoreChanges),
        )
        return _diff(found)

    def _create(self, asked: Any) -> Any:
        made, secrets = self._provider.create(asked.urn, plain_map(asked.properties), preview=asked.preview)
        return proto.CreateResponse(id=made.id, properties=wrapped_map(made.outputs, secrets))

    def _read(self, asked: Any) -> Any:
        identity = asked.id if asked.properties.fields else self._provider.imported(asked.urn, asked.id)
        found = self._provider.read(asked.urn, identity, plain_map(asked.properties), plain_map(asked.inputs))
        if found is None:
            return proto.ReadResponse()
        outputs, inputs, secrets = found
        return proto.ReadResponse(id=identity, properties=wrapped_map(outputs, secrets), inputs=wrapped_map(inputs))

    def _update(self, asked: Any) -> Any:
        outputs, secrets = self._provider.update(
            asked.urn, asked.id, plain_map(asked.olds), plain_map(asked.news), preview=asked.preview
        )
        return proto.UpdateResponse(properties=wrapped_map(outputs, secrets))

    def _delete(self, asked: Any) -> Any:
        self._provider.delete(asked.urn, asked.id, plain_map(asked.properties))
        return Empty()

    def _invoke(self, asked: Any) -> Any:
        return proto.InvokeResponse(**{"return": wrapped_map(self._provider.invoke(asked.tok, plain_map(asked.args)))})


def serve(provider: StandIn, version: str) -> None:
    """Serve until the engine that started this process is gone. The port goes to stdout, where the engine waits for it.

    Args:
        provider: What answers, as many questions at a time as it has threads.
        version: Of the SDK that it stands in for.
    """
    options = [("grpc.max_receive_message_length", _LARGEST)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=provider.threads), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(provider, version), server)
    port = server.add_insecure_port("127.0.0.1:0")
    engine = os.getppid()
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    outlive(engine)
    server.stop(grace=None)


def _refusing(answer: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """A refusal reaches the engine in its own words, not as a Python exception."""

    def handle(asked: Any, context: Any) -> Any:
        try:
            return answer(asked)
        except UnfinishedError as error:
            context.set_trailing_metadata((("grpc-status-details-bin", _details(error)),))
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except RefusalError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return handle


def _details(error: UnfinishedError) -> bytes:
    """What stands, as the engine looks for it beside an error."""
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    outputs = wrapped_map(error.outputs)
    made = proto.ErrorResourceInitFailed(id=error.identity, properties=outputs, reasons=[str(error)])
    status.details.add().Pack(made)
    return bytes(status.SerializeToString())


def _failures(problems: list[Problem]) -> list[Any]:
    return [proto.CheckFailure(property=key, reason=reason) for key, reason in problems]


def _diff(found: Difference) -> Any:
    kinds = proto.PropertyDiff
    return proto.DiffResponse(
        changes=proto.DiffResponse.DIFF_SOME if found.changed else proto.DiffResponse.DIFF_NONE,
        replaces=sorted(found.replacing),
        diffs=sorted(found.changed),
        deleteBeforeReplace=found.delete_first,
        detailedDiff={
            key: proto.PropertyDiff(
                kind=kinds.UPDATE_REPLACE if key in found.replacing else kinds.UPDATE, inputDiff=key in found.by_input
            )
            for key in found.changed
        },
        hasDetailedDiff=True,
    )
