"""Requests from a host of the fabric: many over few connections, or each over its own, with all that came back."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.nodes.fabric import Fabric

_ASK = """
import http.client, json, socket, ssl, sys, threading
order = json.load(sys.stdin)
context = ssl.create_default_context(cafile=order["authority"])
if order["certificate"]:
    context.load_cert_chain(order["certificate"])
def connect():
    raw = socket.create_connection((order["address"], order["port"]), timeout=60, source_address=(order["source"], 0))
    if order["port"] != 80:
        raw = context.wrap_socket(raw, server_hostname=order["sni"])
    connection = http.client.HTTPConnection(order["host"], timeout=60)
    connection.sock = raw
    return connection
told, numbered, lock = [None] * len(order["requests"]), enumerate(order["requests"]), threading.Lock()
def work():
    connection, failures = None, 0
    while failures < 5:  # then nobody is there
        with lock:
            number, headers = next(numbered, (None, None))
        if headers is None:
            break
        try:
            connection = connection or connect()
            connection.request(order["method"], order["path"], headers={"Host": order["host"], **headers})
            answer = connection.getresponse()
            body = answer.read().decode(errors="replace")
            found = [[name.lower(), value] for name, value in answer.getheaders()]
            told[number] = {"status": answer.status, "headers": found, "body": body}
            if not order["keep"] or answer.will_close:
                connection.close()
                connection = None
            failures = 0
        except (OSError, http.client.HTTPException) as error:
            failures += 1
            told[number] = {"status": 0, "headers": [], "body": f"{type(error).__name__}: {error}"}
            connection = None
workers = [threading.Thread(target=work) for _ in range(order["at_once"])]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
json.dump([one for one in told if one], sys.stdout)
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; status 0 where nothing did, with the error as the body."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def seen(self) -> dict[str, Any]:
        """What the echo server says that it was asked."""
        told: dict[str, Any] = json.loads(self.body)
        told["headers"] = {name.lower(): ", ".join(values) for name, values in told["headers"].items()}
        return told


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody at an address, and whom they trust."""

    fabric: Fabric
    host: str
    source: str
    authority: Path
    certificate: Path | None = None

    def ask(
        self,
        name: str,
        path: str = "/",
        *,
        address: str,
        port: int = 443,
        sni: str | None = None,
        method: str = "GET",
        requests: Sequence[Mapping[str, str]] = ({},),
        keep: bool = True,
        at_once: int = 1,
    ) -> list[Answer]:
        """One answer per request, in their order; each request is its headers, `at_once` of them are under way."""
        order = {
            "host": name,
            "path": path,
            "address": address,
            "port": port,
            "sni": name if sni is None else sni,
            "method": method,
            "requests": [dict(headers) for headers in requests],
            "keep": keep,
            "at_once": at_once,
            "source": self.source,
            "authority": str(self.authority),
            "certificate": str(self.certificate) if self.certificate else "",
        }
        command = [*self.fabric.enter(self.host), sys.executable, "-c", _ASK]
        done = subprocess.run(command, input=json.dumps(order), capture_output=True, text=True, timeout=300, check=True)
        return [
            Answer(status=told["status"], headers=dict(told["headers"]), body=told["body"])
            for told in json.loads(done.stdout)
        ]
