"""Serve both APIs on one port of loopback."""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal, Protocol
from urllib.parse import parse_qsl, urlsplit

from sandbox.clouds_api.accounts import Accounts
from sandbox.clouds_api.answers import Answer, Request
from sandbox.clouds_api.cloudflare import CloudflareApi
from sandbox.clouds_api.hetzner import HetznerApi
from sandbox.engine.layout import Layout
from sandbox.world import World

_LONGEST: Final = 1_000_000
"""Bytes of a request's body at most."""
_TRACE: Final = "/cdn-cgi/trace"
"""The path at which every host of Cloudflare says how it sees the client, as lines of `key=value`."""
_IDLE: Final = 30.0
"""Seconds that a connection may be silent."""


@dataclass(frozen=True, kw_only=True)
class ApiFault:
    """Requests that an API fails whatever they ask.

    Attributes:
        status: 429, or 500 and above.
        times: How many requests fail.
    """

    api: Literal["hetzner", "cloudflare"]
    status: int
    times: int = 1


class CloudApi(Protocol):
    """An API of this package."""

    @property
    def name(self) -> str:
        """The API's name in faults."""

    @property
    def base(self) -> str:
        """The path that all its paths start with."""

    def answer(self, request: Request) -> Answer:
        """Answer one request."""

    def fault(self, status: int) -> Answer:
        """Answer with an error that has nothing to do with the request."""


class Endpoints:
    """The running APIs: their URLs, and the requests so far."""

    def __init__(self, port: int) -> None:
        self.hetzner: Final = f"http://127.0.0.1:{port}{HetznerApi.base}"
        self.cloudflare: Final = f"http://127.0.0.1:{port}{CloudflareApi.base}"
        self.requests: list[str] = []
        """Each request as API, method and path, in the order of arrival."""

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that send `ops` to these APIs."""
        return {"HCLOUD_ENDPOINT": self.hetzner, "CLOUDFLARE_BASE_URL": self.cloudflare}


@contextmanager
def clouds_api(
    world: World, accounts: Accounts | None = None, *, faults: tuple[ApiFault, ...] = ()
) -> Iterator[Endpoints]:
    """Serve both APIs until the end of the block.

    Args:
        world: What exists in the clouds. Every request reads it anew.
        accounts: The tokens and zones; the default accepts every well-formed token and has the world's zones only.
        faults: Requests to fail, from the first one on.
    """
    known = accounts or Accounts()
    server = _Server((HetznerApi(world, known), CloudflareApi(world, known)), faults, known.visitor)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="clouds-api")
    thread.start()
    try:
        yield server.endpoints
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def clouds_variables(layout: Layout, zones: Iterable[str]) -> Iterator[dict[str, str]]:
    """Serve both APIs for a sandbox until the end of the block, and give the variables that send `ops` to them.

    Every well-formed token is accepted, as by the providers' stand-ins.

    Args:
        layout: The sandbox's folders.
        zones: The names of the zones in the Cloudflare account.
    """
    world = World(layout.world)
    try:
        with clouds_api(world, Accounts(zones=tuple(zones))) as endpoints:
            yield endpoints.variables
    finally:
        world.close()


class _Server(ThreadingHTTPServer):
    """A port of loopback with a thread per request; closing it waits for these threads."""

    daemon_threads = False

    def __init__(self, apis: tuple[CloudApi, ...], faults: tuple[ApiFault, ...], visitor: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.apis: Final = apis
        self.visitor: Final = visitor
        self.endpoints: Final = Endpoints(self.server_port)
        self._faults: Final = [fault for fault in faults for _ in range(fault.times)]
        self._lock: Final = threading.Lock()

    def failing(self, api: CloudApi, request: Request) -> Answer | None:
        """Record a request, and return the error of a fault that is due."""
        with self._lock:
            self.endpoints.requests.append(f"{api.name} {request.method} {request.path}")
            due = next((fault for fault in self._faults if fault.api == api.name), None)
            if due is None:
                return None
            self._faults.remove(due)
        return api.fault(due.status)


class _Handler(BaseHTTPRequestHandler):
    """One request. The connection is closed after the answer."""

    timeout = _IDLE
    server: _Server

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    def do_PUT(self) -> None:
        """Answer a PUT."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._answer()

    def log_message(self, *_: object) -> None:
        """Write no log: the test or command that runs has the terminal."""

    def _answer(self) -> None:
        place = urlsplit(self.path)
        if place.path == _TRACE:
            address = self.server.visitor or self.client_address[0]
            self._send(Answer(text=f"fl=1f1\nh=127.0.0.1\nip={address}\nvisit_scheme=http\ncolo=FRA\n"))
            return
        api = next((each for each in self.server.apis if place.path.startswith(f"{each.base}/")), None)
        if api is None:
            self._send(Answer(status=404, body={"error": {"code": "not_found", "message": "no such API"}}))
            return
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        request = Request(
            method=self.command,
            path=place.path.removeprefix(api.base),
            query=dict(parse_qsl(place.query)),
            token=token if scheme == "Bearer" else "",
            body=self._body(),
        )
        self._send(self.server.failing(api, request) or api.answer(request))

    def _body(self) -> Any:
        length = min(int(self.headers.get("Content-Length") or 0), _LONGEST)
        try:
            return json.loads(self.rfile.read(length)) if length else None
        except ValueError:
            return None

    def _send(self, answer: Answer) -> None:
        plain = answer.text is not None
        content = (answer.text if answer.text is not None else json.dumps(answer.body)).encode()
        self.send_response(answer.status)
        for name, value in {
            **answer.headers,
            "Content-Type": "text/plain" if plain else "application/json",
            "Content-Length": str(len(content)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
