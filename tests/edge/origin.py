"""A web server for a test: TLS with what the program put into the cluster, and an answer that tells what it was asked.

python origin.py NODE PORT CERTIFICATE CA STATUS. Ends with its stdin.
"""

import json
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

node, port, certificate, authority, status = sys.argv[1:]


class Origin(BaseHTTPRequestHandler):
    """Tells of each request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with status, node, headers and peer."""
        told = {
            "node": node,
            "peer": self.client_address[0],
            "headers": {k.lower(): v for k, v in self.headers.items()},
        }
        body = json.dumps(told).encode()
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class BothFamilies(ThreadingHTTPServer):
    """On IPv6 and IPv4."""

    address_family = socket.AF_INET6


server = BothFamilies(("::", int(port)), Origin)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)
if authority:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdout.write("ready\n")
sys.stdout.flush()
sys.stdin.read()
