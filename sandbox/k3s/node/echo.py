"""The backend of the sandbox's pods: it answers each request with what arrived of it."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 30.0
"""Seconds that `/slow` takes at most."""
_BODILESS = (204, 304)
_BLOCK = 65536


def serve(address: str, port: int, pod: str) -> None:
    """Answer until SIGTERM; the requests in progress are still finished then. For the main thread.

    Any method and path is answered with JSON: method, path, headers, peer, pod, body_length. `/healthz` says ok,
    `/slow?seconds=N` takes its time, `/status/CODE` has that status, `/close` ends the connection without an answer.
    """
    with _Backend(address, port, pod) as backend:
        signal.signal(signal.SIGTERM, lambda *_: backend.end())
        backend.run()


class _Backend(socketserver.ThreadingTCPServer):
    """A thread for each connection; closing it waits for all of them."""

    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, address: str, port: int, pod: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.pod = pod
        self.ended = False
        self._idle: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((address, port), _Answer)

    def run(self) -> None:
        """Take connections until the end."""
        while not self.ended:
            try:
                connection, peer = self.get_request()
            except OSError:
                time.sleep(0 if self.ended else 0.01)  # it was the last, or there are too many at once
            else:
                self.process_request(connection, peer)
        with self._lock:
            for idle in self._idle:
                _hear_no_more(idle)

    def end(self) -> None:
        """Take no further connection."""
        if not self.ended:
            self.ended = True
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes `accept`

    def wait(self, connection: socket.socket) -> None:
        """A connection has no request; after the end it gets no further one than those that have arrived."""
        with self._lock:
            self._idle.add(connection)
            if self.ended:
                _hear_no_more(connection)

    def work(self, connection: socket.socket) -> None:
        """A connection has a request, or is done."""
        with self._lock:
            self._idle.discard(connection)


class _Answer(BaseHTTPRequestHandler):
    """The requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Backend

    def __getattr__(self, name: str) -> Callable[[], None]:
        """One answer for all methods, which the base class looks up as `do_GET` and so on."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def handle(self) -> None:
        """Until either side has had enough."""
        try:
            super().handle()
        except (ConnectionError, ValueError):
            pass  # the peer has gone, or speaks no HTTP
        finally:
            self.server.work(self.connection)

    def handle_one_request(self) -> None:
        """Wait for a request and answer it."""
        self.server.wait(self.connection)
        super().handle_one_request()

    def parse_request(self) -> bool:
        """Its first line is there."""
        self.server.work(self.connection)
        return super().parse_request()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nobody reads it."""

    def _answer(self) -> None:
        length = self._body()
        target = urlsplit(self.path)
        if target.path == "/close":
            self.close_connection = True
            return
        if target.path == "/healthz":
            self._send(200, "text/plain", b"ok")
            return
        headers: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            headers.setdefault(name.title(), []).append(value)
        content = {
            "method": self.command,
            "path": self.path,
            "headers": headers,
            "peer": self.client_address[0],
            "pod": self.server.pod,
            "body_length": length,
        }
        status = 200
        try:
            if target.path == "/slow":
                time.sleep(min(float(parse_qs(target.query).get("seconds", ["0"])[0]), _LONGEST))
            elif target.path.startswith("/status/"):
                status = int(target.path[len("/status/") :])
                if not 200 <= status <= 599:
                    raise ValueError(f"{status} is no final status")  # noqa: TRY301 - as if it were no number
        except ValueError as error:
            status, content = 400, {**content, "error": str(error)}
        self._send(status, "application/json", json.dumps(content, indent=1).encode())

    def _body(self) -> int:
        """Read the request's body; its length in bytes."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self._skip(int(self.headers.get("Content-Length") or 0))
        total = 0
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            if not size:
                break
            total += self._skip(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return total

    def _skip(self, length: int) -> int:
        left = length
        while left > 0:
            block = self.rfile.read(min(left, _BLOCK))
            if not block:
                raise ConnectionResetError("the request ended within its body")
            left -= len(block)
        return length

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        if status not in _BODILESS:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        if self.server.ended:
            self.send_header("Connection", "close")
        self.end_headers()
        if status not in _BODILESS and self.command != "HEAD":
            self.wfile.write(body)


def _hear_no_more(connection: socket.socket) -> None:
    """What has arrived can still be read, then comes the end."""
    with contextlib.suppress(OSError):  # the peer has gone
        connection.shutdown(socket.SHUT_RD)
