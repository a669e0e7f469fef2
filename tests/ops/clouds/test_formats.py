"""Answers in another format than expected, and the stand-in's end."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from ops.clouds.cloudflare import Cloudflare
from ops.clouds.hetzner import Hetzner
from ops.http import ApiError
from sandbox.clouds_api.labels import selects
from sandbox.clouds_api.serving import clouds_api, clouds_variables
from sandbox.engine.layout import Layout
from sandbox.world import World

BASE_BODIES = ("[]", "{}", '{"servers": null}', '{"servers": [{"id": 1}]}', "null", "<html>", '{"servers": [7]}')


def answer_with(body: str) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    return server


@pytest.mark.parametrize("body", BASE_BODIES)
def test_another_format_is_one_error_that_names_the_request(body: str) -> None:
    server = answer_with(body)
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(ApiError, match="Hetzner: GET /servers"):
            Hetzner("t", base).servers()
        with pytest.raises(ApiError, match="Cloudflare: GET /zones"):
            Cloudflare("t", base).zone("sandbox.test")
    finally:
        server.shutdown()
        server.server_close()


def test_a_list_that_never_ends_is_given_up() -> None:
    server = answer_with('{"servers": [], "meta": {"pagination": {"next_page": 2}}}')
    try:
        with pytest.raises(ApiError, match="more than 200 pages"):
            Hetzner("t", f"http://127.0.0.1:{server.server_port}").servers()
    finally:
        server.shutdown()
        server.server_close()


def test_the_stand_in_listens_on_loopback_only_and_ends_with_its_block(tmp_path: Path) -> None:
    world = World(tmp_path / "world.sqlite")
    with clouds_api(world) as endpoints:
        place = urlsplit(endpoints.hetzner)
        assert (place.hostname, urlsplit(endpoints.cloudflare).hostname) == ("127.0.0.1", "127.0.0.1")
        port = int(place.port or 0)
        socket.create_connection(("127.0.0.1", port), 5).close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 5)
    world.close()


def test_a_sandbox_s_variables_send_the_readers_to_its_clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with clouds_variables(Layout(home=tmp_path), ["sandbox.test"]) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert Hetzner("h" * 64).servers() == []
        assert Cloudflare("c" * 40).zone("sandbox.test") is not None


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("a", True),
        ("!a", False),
        ("b", False),
        ("!b", True),
        ("a=1", True),
        ("a==1", True),
        ("a=2", False),
        ("a!=2", True),
        ("b!=2", True),
        ("a=1,!b", True),
        ("a=1,b", False),
        ("prefix/x=", True),
    ],
)
def test_label_selectors(selector: str, *, matches: bool) -> None:
    assert selects(selector, {"a": "1", "prefix/x": ""}) is matches


@pytest.mark.parametrize("selector", ["a in (1,2)", "", "!a=1", "a=1=2"])
def test_a_label_selector_that_is_not_simulated_is_refused(selector: str) -> None:
    with pytest.raises(ValueError, match="label selector"):
        selects(selector, {"a": "1"})
