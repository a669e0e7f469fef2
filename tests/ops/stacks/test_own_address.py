"""The look-up of this machine's public address, against a server on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address, ip_address
from urllib.parse import urlsplit

import pytest

from ops.stacks.own_address import TRACE, own_address
from ops.stacks.questions import Answers, Fleet, ask

TEXT = "fl=1f1\nh=1.1.1.1\nip={}\nts=1.0\nvisit_scheme=https\nuag=x\n"
"""The form of Cloudflare's trace, https://developers.cloudflare.com/fundamentals/reference/cdn-cgi-endpoint/."""


@contextmanager
def endpoint(body: str, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has this name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/cdn-cgi/trace"
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (TEXT.format("9.9.9.9"), 200, IPv4Address("9.9.9.9")),
        (TEXT.format("2620:fe::fe"), 200, None),
        (TEXT.format("10.0.0.1"), 200, None),
        (TEXT.format("nonsense"), 200, None),
        ("no trace", 200, None),
        (TEXT.format("9.9.9.9"), 503, None),
        (TEXT.format("9.9.9.9"), 302, None),
    ],
)
def test_only_a_public_ipv4_address_of_a_good_answer_counts(
    body: str, status: int, expected: IPv4Address | None
) -> None:
    with endpoint(body, status) as url:
        assert own_address(url) == expected


def test_no_answer_is_no_address() -> None:
    with endpoint("") as url:
        pass
    assert own_address(url) is None


def test_the_endpoint_is_asked_over_verified_tls_and_ipv4() -> None:
    parts = urlsplit(TRACE)
    assert parts.scheme == "https"
    assert ip_address(parts.hostname or "").version == 4


def test_the_address_is_proposed_and_its_absence_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, object]] = []

    def answer(text: str, default: object = None, **_: object) -> object:
        asked.append((text, default))
        return default or "9.9.9.9/32, 9.9.9.10/32"

    monkeypatch.setattr("typer.prompt", answer)
    known = Answers(
        zone="a.com", servers=Fleet.ONE, server_type="cx23", hosts=("a.com",), service="a", port=1, backend="s3://a"
    )
    assert ask(known, lambda: IPv4Address("9.9.9.9")).operators == ["9.9.9.9/32"]
    assert capsys.readouterr().err == ""
    assert ask(known, lambda: None).operators == ["9.9.9.9/32", "9.9.9.10/32"]
    assert "was not found; give it as ADDRESS/32" in capsys.readouterr().err
