"""A stand-in of GitHub's API: REST with permissions, pages and limits, GraphQL's `viewer`, and faults.

Sources: docs.github.com (status codes, `Link`, the permissions of each endpoint); error texts as quoted in public
issues of actions and octokit. It is stricter than GitHub where a public repository needs no permission to read.
Like GitHub it lets a token that may write edit other people's comments.
"""

import json
import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from tests.workflows.github_endpoints import ROUTES, Call
from tests.workflows.repository_on_github import BOT, RefusalError, Stored

_DENIED: Final = "Resource not accessible by integration"


@dataclass(kw_only=True)
class Fault:
    """What happens to the next requests of a kind."""

    method: str
    path: str
    status: int
    """The status of the answer; 0 drops the connection."""
    effect: bool
    """Whether the request takes effect all the same."""
    times: int


@dataclass(kw_only=True)
class GitHub:
    """The API of one repository, and what was asked."""

    stored: Stored = field(default_factory=Stored)
    url: str = ""
    requests: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    _tokens: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)

    def token(self, permissions: Mapping[str, str], login: str = BOT) -> str:
        """A token of an account with these `permissions:`, such as `{"issues": "write"}`."""
        made = f"token-{secrets.token_hex(8)}"
        self._tokens[made] = (login, dict(permissions))
        return made

    def fail(self, method: str, path: str, status: int, *, effect: bool = False, times: int = 1) -> None:
        """Let the next requests whose path has this pattern fail."""
        self.faults.append(Fault(method=method, path=path, status=status, effect=effect, times=times))

    def count(self, method: str, path: str = "") -> int:
        """The number of requests whose path has this pattern."""
        return sum(each.method == method and bool(re.search(path, each.path)) for each in self.requests)

    def answer(self, call: Call, token: str) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        if token not in self._tokens:
            raise RefusalError(401, "Bad credentials")
        _, permissions = self._tokens[token]
        if call.path == "/graphql" and call.method == "POST":
            assert call.body == {"query": "query { viewer { login } }"}
            return 200, {"data": {"viewer": {"login": call.login}}}
        prefix = f"/repos/{self.stored.name}"
        if not call.path.startswith(prefix):
            raise RefusalError(404, "Not Found")  # also for a repository that the token may not see
        path = call.path.removeprefix(prefix)
        for method, pattern, needs, handler in ROUTES:
            if method == call.method and (found := re.fullmatch(pattern, path)):
                if needs and not any(_grants(permissions.get(name), level) for name, level in needs):
                    raise RefusalError(403, _DENIED, documentation_url="https://docs.github.com/rest")
                return handler(self.stored, call, *map(unquote, found.groups()))
        raise RefusalError(404, "Not Found")

    def login_of(self, token: str) -> str:
        """The account of a token; empty for a token that is not valid."""
        return self._tokens.get(token, ("", {}))[0]


@contextmanager
def serving() -> Iterator[GitHub]:
    """The API on a port of the loopback interface."""
    github = GitHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"github": github}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    github.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    github: GitHub

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        url = urlsplit(self.path)
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        login = self.github.login_of(token)
        call = Call(method=self.command, path=url.path, query=query, body=body, login=login)
        self.github.requests.append(call)
        fault = next((each for each in self.github.faults if _meets(each, call)), None)
        if fault:
            fault.times -= 1
            if fault.effect:
                self.github.answer(call, token)
            if fault.status:
                self._send(fault.status, _fault_text(fault.status), {})
            self.close_connection = True
            return
        try:
            status, content = self.github.answer(call, token)
        except RefusalError as refusal:
            status, content = refusal.status, refusal.content
        headers: dict[str, str] = {}
        if isinstance(content, list):
            content, headers = _page(content, call, self.github.url)
        self._send(status, b"" if content is None else json.dumps(content).encode(), headers)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - the base class's names

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


def _meets(fault: Fault, call: Call) -> bool:
    return fault.times > 0 and fault.method == call.method and bool(re.search(fault.path, call.path))


def _fault_text(status: int) -> bytes:
    if status == 403:
        return json.dumps({"message": _DENIED, "status": "403"}).encode()
    return b"<html><head><title>502 Bad Gateway</title></head></html>"


def _grants(have: str | None, needed: str) -> bool:
    return have in {"write", needed}


def _page(content: list[Any], call: Call, url: str) -> tuple[list[Any], dict[str, str]]:
    size, number = min(100, int(call.query.get("per_page", 30))), int(call.query.get("page", 1))
    part = content[(number - 1) * size : number * size]
    if number * size >= len(content):
        return part, {}
    return part, {"Link": f'<{url}{call.path}?per_page={size}&page={number + 1}>; rel="next"'}
