"""The gRPC service `LanguageRuntime`: run a program or a policy pack in its own virtual environment.

Differences from the official host (sdk/python/cmd/pulumi-language-python): it names no required plugins, so the engine
downloads none; it understands the toolchain `pip` only; it gives policy packs no config in their environment.
"""

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Final

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from sandbox.language import venv

_PROGRAM: Final = Path(__file__).with_name("program.py")
_RESPONSES: Final[dict[str, Callable[[bytes], Any]]] = {
    "stdout": lambda chunk: language_pb2.RunPluginResponse(stdout=chunk),
    "stderr": lambda chunk: language_pb2.RunPluginResponse(stderr=chunk),
}


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    """The service. Methods have the names of the protocol."""

    def __init__(self) -> None:
        self._running: Final[set[subprocess.Popen[bytes]]] = set()

    def Handshake(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Accept the engine."""
        del request
        return language_pb2.LanguageHandshakeResponse()

    def About(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Return the interpreter of the project."""
        options = MessageToDict(request.info.options)
        interpreter = venv.python(request.info.root_directory, options)
        return language_pb2.AboutResponse(executable=str(interpreter), version=sys.version.partition(" ")[0])

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Return no version, as a bundled host does."""
        return plugin_pb2.PluginInfo()

    def GetProgramDependencies(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """List none; only `pulumi about` asks."""
        return language_pb2.GetProgramDependenciesResponse()

    def GetRequiredPlugins(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Name none: the engine starts the providers that are installed."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Make the environment if it does not exist, as the official host does here, and name no package."""
        try:
            for line in venv.install(request.info.root_directory, MessageToDict(request.info.options)):
                sys.stderr.write(line)
        except venv.InstallationError as error:
            context.abort(grpc.StatusCode.INTERNAL, str(error))
        return language_pb2.GetRequiredPackagesResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        """Make the environment; `pulumi install` asks."""
        try:
            for line in venv.install(request.info.root_directory, MessageToDict(request.info.options)):
                yield language_pb2.InstallDependenciesResponse(stdout=line.encode())
        except venv.InstallationError as error:
            context.abort(grpc.StatusCode.INTERNAL, str(error))

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run a program in a process of its own; its output goes to the engine through this process's."""
        folder = Path(tempfile.mkdtemp(prefix="pulumi-program-"))
        try:
            given, made = folder / "request", folder / "response"
            given.touch(mode=0o600)  # it holds the config with its secrets
            given.write_bytes(request.SerializeToString())
            interpreter = venv.python(request.info.root_directory, MessageToDict(request.info.options))
            command = [str(interpreter), "-u", str(_PROGRAM), str(given), str(made)]
            code = self._wait(self._start(command, request.pwd, {}), context)
            if made.exists():
                return language_pb2.RunResponse.FromString(made.read_bytes())
            return language_pb2.RunResponse(error=f"program exited with non-zero exit code: {code}")
        except OSError as error:
            return language_pb2.RunResponse(error=f"{error.filename}: {error.strerror}")
        finally:
            shutil.rmtree(folder)

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        """Run a policy pack in its folder, and pass its output on until it ends."""
        if request.kind != "analyzer":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"plugins of kind {request.kind} are not run here")
        folder = request.info.program_directory
        interpreter = venv.python(request.info.root_directory, MessageToDict(request.info.options))
        variables = dict(entry.partition("=")[::2] for entry in request.env)
        command = [str(interpreter), "-u", "-m", "pulumi.policy", *request.args, folder]
        process = self._start(command, folder, variables, pipe=True)
        for name, chunk in _output(process):
            yield _RESPONSES[name](chunk)
        yield language_pb2.RunPluginResponse(exitcode=self._wait(process, context))

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Interrupt what runs."""
        self.end()
        return Empty()

    def end(self) -> None:
        """Terminate the processes that still run."""
        for process in list(self._running):
            process.terminate()

    def _start(
        self, command: list[str], folder: str, variables: dict[str, str], *, pipe: bool = False
    ) -> "subprocess.Popen[bytes]":
        own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # it leads to this package
        environment = {**own, **variables}
        output = subprocess.PIPE if pipe else None
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        self._running.add(process)
        return process

    def _wait(self, process: "subprocess.Popen[bytes]", context: Any) -> int:
        """Return the exit status; end the process if the engine gives the call up."""
        context.add_callback(process.terminate)
        try:
            return process.wait()
        finally:
            self._running.discard(process)


def _output(process: "subprocess.Popen[bytes]") -> Iterator[tuple[str, bytes]]:
    """Yield what a process writes, as it comes, with the name of the stream."""
    chunks: queue.Queue[tuple[str, bytes]] = queue.Queue()

    def read(name: str, stream: IO[bytes] | None) -> None:
        while stream and (chunk := os.read(stream.fileno(), 65536)):
            chunks.put((name, chunk))
        chunks.put((name, b""))

    for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
        threading.Thread(target=read, args=(name, stream), daemon=True).start()
    open_streams = 2
    while open_streams:
        name, chunk = chunks.get()
        open_streams -= not chunk
        if chunk:
            yield name, chunk


def serve() -> None:
    """Print the port that the service listens on, and serve until the engine has ended."""
    host, engine = Host(), os.getppid()
    server = grpc.server(ThreadPoolExecutor(max_workers=16))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    try:
        while os.getppid() == engine:
            time.sleep(0.5)
    except KeyboardInterrupt:
        pass
    finally:
        host.end()
        server.stop(grace=None).wait(5)
