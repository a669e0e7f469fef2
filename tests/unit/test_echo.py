"""The backend of the sandbox's pods, as a process on loopback."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys; from sandbox.k3s.node.echo import serve; serve(sys.argv[1], int(sys.argv[2]), 'echo-0')"


@dataclass(frozen=True, kw_only=True)
class Echo:
    process: "subprocess.Popen[str]"
    port: int

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(self, method: str, path: str, **rest: Any) -> tuple[int, bytes]:
        return answer(self.connection(), method, path, **rest)


def answer(connection: http.client.HTTPConnection, method: str, path: str, **rest: Any) -> tuple[int, bytes]:
    connection.request(method, path, **rest)
    response = connection.getresponse()
    return response.status, response.read()


@pytest.fixture
def echo() -> Iterator[Echo]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = int(found.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "127.0.0.1", str(port)], cwd=ROOT, text=True, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < deadline, "it does not listen"
                time.sleep(0.02)
        yield Echo(process=process, port=port)
    finally:
        process.kill()
        process.communicate()


def test_it_tells_what_arrived(echo: Echo) -> None:
    headers = {"Host": "api.example.com", "X-Forwarded-For": "192.0.2.7", "cf-ray": "1"}
    status, body = echo.ask("POST", "/a%20b?c=d", body=b"12345", headers=headers)
    told = json.loads(body)
    assert status == 200
    assert told["method"] == "POST"
    assert told["path"] == "/a%20b?c=d"
    assert told["peer"] == "127.0.0.1"
    assert told["pod"] == "echo-0"
    assert told["body_length"] == 5
    assert told["headers"]["Host"] == ["api.example.com"]
    assert told["headers"]["X-Forwarded-For"] == ["192.0.2.7"]
    assert told["headers"]["Cf-Ray"] == ["1"]


def test_a_header_that_comes_twice_is_told_twice(echo: Echo) -> None:
    connection = echo.connection()
    connection.putrequest("GET", "/")
    for value in ("one", "two"):
        connection.putheader("X-Twice", value)
    connection.endheaders()
    assert json.loads(connection.getresponse().read())["headers"]["X-Twice"] == ["one", "two"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_any_method_is_answered(echo: Echo, method: str) -> None:
    status, body = echo.ask(method, "/anything")
    assert (status, json.loads(body)["method"]) == (200, method)


def test_head_has_no_body_and_the_connection_stays_usable(echo: Echo) -> None:
    connection = echo.connection()
    assert answer(connection, "HEAD", "/") == (200, b"")
    assert answer(connection, "GET", "/healthz") == (200, b"ok")


def test_a_connection_is_kept(echo: Echo) -> None:
    connection = echo.connection()
    assert answer(connection, "GET", "/healthz") == (200, b"ok")
    first = connection.sock
    assert answer(connection, "POST", "/", body=b"x" * 200_000)[0] == 200
    assert connection.sock is first


def test_a_chunked_body_is_counted(echo: Echo) -> None:
    connection = echo.connection()
    status, body = answer(connection, "POST", "/", body=iter([b"abc", b"de"]), encode_chunked=True)
    assert (status, json.loads(body)["body_length"]) == (200, 5)
    assert answer(connection, "GET", "/healthz") == (200, b"ok"), "what follows is a request of its own"


@pytest.mark.parametrize("code", [200, 204, 304, 404, 502, 599])
def test_it_has_the_status_that_is_asked_for(echo: Echo, code: int) -> None:
    connection = echo.connection()
    assert answer(connection, "GET", f"/status/{code}")[0] == code
    assert answer(connection, "GET", "/healthz") == (200, b"ok")


@pytest.mark.parametrize("path", ["/status/teapot", "/status/99", "/status/700", "/slow?seconds=x", "/slow?seconds=-1"])
def test_what_makes_no_sense_is_a_bad_request(echo: Echo, path: str) -> None:
    status, body = echo.ask("GET", path)
    assert status == 400
    assert json.loads(body)["error"]


def test_it_takes_its_time_and_answers_others_meanwhile(echo: Echo) -> None:
    with ThreadPoolExecutor() as threads:
        began = time.monotonic()
        slow = threads.submit(echo.ask, "GET", "/slow?seconds=1.5")
        assert echo.ask("GET", "/healthz") == (200, b"ok")
        assert not slow.done()
        assert slow.result()[0] == 200
        assert time.monotonic() - began >= 1.5


def test_it_can_leave_without_an_answer(echo: Echo) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        echo.ask("GET", "/close")
    assert echo.ask("GET", "/healthz") == (200, b"ok")


def test_it_ends_at_once_though_connections_are_kept(echo: Echo) -> None:
    connection = echo.connection()
    answer(connection, "GET", "/healthz")
    began = time.monotonic()
    echo.process.send_signal(signal.SIGTERM)
    assert echo.process.wait(timeout=10) == 0
    assert time.monotonic() - began < 2
    connection.close()


def test_it_finishes_what_is_in_progress_and_takes_nothing_new(echo: Echo) -> None:
    connection = echo.connection()
    connection.request("GET", "/slow?seconds=2")
    time.sleep(0.5)
    echo.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    with pytest.raises(OSError, match=r"refused|reset"):
        echo.ask("GET", "/healthz")
    response = connection.getresponse()
    assert response.status == 200
    assert response.headers["Connection"] == "close"
    assert json.loads(response.read())["path"] == "/slow?seconds=2"
    assert echo.process.wait(timeout=5) == 0
    assert echo.process.stderr
    assert echo.process.stderr.read() == ""


def test_a_peer_that_leaves_or_speaks_no_http_disturbs_nobody(echo: Echo) -> None:
    for sent in (
        b"\r\n",
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1",
        b"GET /slow?seconds=1",
    ):
        with socket.create_connection(("127.0.0.1", echo.port), 5) as peer:
            peer.sendall(sent)
    assert echo.ask("GET", "/healthz") == (200, b"ok")
    echo.process.send_signal(signal.SIGTERM)
    assert echo.process.wait(timeout=10) == 0
    assert echo.process.stderr
    assert echo.process.stderr.read() == ""
