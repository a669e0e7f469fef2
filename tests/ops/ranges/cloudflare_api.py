"""Cloudflare's `GET /client/v4/ips` on loopback, as its API reference shows the answer."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def answer(ipv4: Sequence[str], ipv6: Sequence[str]) -> str:
    """Return the body that Cloudflare sends."""
    result = {"ipv4_cidrs": list(ipv4), "ipv6_cidrs": list(ipv6), "etag": "38f79d050aa027e3be3865e495dcc9bc"}
    return json.dumps({"success": True, "errors": [], "messages": [], "result": result})


@contextmanager
def serving(body: str, status: int = 200) -> Iterator[str]:
    """Serve one body at `/client/v4/ips`, and yield the value for CLOUDFLARE_BASE_URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/client/v4/ips" and "Authorization" not in self.headers
            content = body.encode() if known else b'{"success": false, "errors": [{"message": "no route"}]}'
            self.send_response(status if known else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/client/v4"
        finally:
            server.shutdown()
            thread.join()
