"""The arguments that the sandbox's translation of the chart makes are put before a real Traefik."""

import copy
import http.client
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from components.chart_values import chart_values
from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import Layout
from sandbox.engine.voice import Silent
from sandbox.k3s.node.chart import manifests
from sandbox.tools.binaries import TRAEFIK, ensure
from tests.unavailable import unavailable

NAMES = ("metrics", "traefik", "web", "websecure")
PATIENCE = 30.0


@pytest.fixture(scope="module")
def traefik() -> Path:
    """Traefik, where there is Go to build it."""
    try:
        return ensure(TRAEFIK.binaries, Layout().tools, Silent())["traefik"]
    except SandboxError as error:
        unavailable("Traefik", error)


def free_ports() -> dict[str, int]:
    with_sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in NAMES}
    ports = {name: int(found.getsockname()[1]) for name, found in with_sockets.items()}
    for found in with_sockets.values():
        found.close()
    return ports


def elsewhere(ports: dict[str, int]) -> dict[str, Any]:
    """The stack's values, on ports of loopback that nobody has."""
    values = copy.deepcopy(chart_values(["173.245.48.0/20", "2400:cb00::/32"], "api.example.com"))
    for name, port in ports.items():
        own = values["ports"][name]
        own.update(port=port, hostIP="127.0.0.1")
        if "hostPort" in own:
            own["hostPort"] = port
    return values


def arguments(values: dict[str, Any]) -> list[str]:
    found: list[str] = manifests(values)[-1]["spec"]["template"]["spec"]["containers"][0]["args"]
    return [*found, *(f"--providers.kubernetes{name}.endpoint=https://127.0.0.1:1" for name in ("ingress", "crd"))]


@contextmanager
def running(traefik: Path, words: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [traefik, *words], cwd=log.parent, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ask(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """The status, and where it points."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.headers.get("Location", "")
    finally:
        connection.close()


def wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Until it answers the chart's probe."""
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < deadline, f"it does not answer:\n{log.read_text()[-2000:]}"
        with suppress(OSError):
            if ask(port, "/ping")[0] == 200:
                return
        time.sleep(0.1)


def test_a_real_traefik_takes_every_argument_and_does_what_the_values_say(traefik: Path, tmp_path: Path) -> None:
    ports, log = free_ports(), tmp_path / "traefik.log"
    with running(traefik, arguments(elsewhere(ports)), log) as process:
        wait(process, ports["traefik"], log)
        assert ask(ports["metrics"], "/metrics")[0] == 200
        assert ask(ports["traefik"], "/dashboard/")[0] == 404, "it tells every route"
        status, target = ask(ports["web"], "/path", host="api.example.com")
        assert (status, target) == (301, "https://api.example.com/path"), "port 80 must only redirect, for good"
        with socket.create_connection(("127.0.0.1", ports["websecure"]), 5) as plain:
            context = ssl._create_unverified_context()  # noqa: S323 - it has but a certificate of its own yet
            with context.wrap_socket(plain, server_hostname="api.example.com") as client:
                assert client.version() == "TLSv1.3"
        assert process.poll() is None


def test_every_other_value_that_is_translated_is_an_option_too(traefik: Path, tmp_path: Path) -> None:
    ports, log = free_ports(), tmp_path / "traefik.log"
    values = elsewhere(ports)
    values["api"]["dashboard"] = True
    values["global"] = {"checkNewVersion": False, "sendAnonymousUsage": False}
    values["logs"] = {"general": {"level": "debug", "format": "json"}}
    values["providers"]["kubernetesCRD"] = {"allowCrossNamespace": True, "allowExternalNameServices": True}
    values["providers"]["kubernetesIngress"].update(allowExternalNameServices=True, allowEmptyServices=False)
    values["ports"]["web"]["http"]["redirections"]["entryPoint"]["priority"] = 10
    values["ports"]["websecure"].update(
        http={"middlewares": ["kube-system-x@kubernetescrd"], "tls": {"options": "kube-system-x@kubernetescrd"}},
        forwardedHeaders={"insecure": True, "trustedIPs": ["192.0.2.0/24"]},
        proxyProtocol={"insecure": True, "trustedIPs": ["192.0.2.0/24"]},
        transport={
            "respondingTimeouts": {"readTimeout": "60s", "writeTimeout": 0, "idleTimeout": "180s"},
            "lifeCycle": {"requestAcceptGraceTimeout": 1, "graceTimeOut": "1s"},
            "keepAliveMaxRequests": 100,
            "keepAliveMaxTime": "1m",
        },
    )
    with running(traefik, arguments(values), log) as process:
        wait(process, ports["traefik"], log)


def test_it_refuses_an_option_that_it_does_not_have(traefik: Path, tmp_path: Path) -> None:
    log = tmp_path / "traefik.log"
    words = [*arguments(elsewhere(free_ports())), "--entryPoints.websecure.transport.keepAliveTime=30s"]
    with running(traefik, words, log) as process:
        assert process.wait(timeout=PATIENCE) != 0, "then the other tests here would show nothing"
    assert "keepAliveTime" in log.read_text()
