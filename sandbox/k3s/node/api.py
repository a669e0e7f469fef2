"""A client of the Kubernetes API: JSON over one kept connection per thread."""

import http.client
import json
import ssl
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MERGE = "application/merge-patch+json"


class ApiError(Exception):
    """What the API refused, or that it does not answer (status 0)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """The API at one address, as one user."""

    def __init__(
        self, server: str, *, authority: Path | None, certificate: Path | None = None, token: str = ""
    ) -> None:
        """Without an authority nothing is verified; `certificate` is a file with the key beside it, as NAME.key."""
        self.server = server
        self._context = ssl.create_default_context(cafile=str(authority) if authority else None)
        if authority is None:
            self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE
        if certificate:
            self._context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._kept = threading.local()

    def get(self, path: str) -> dict[str, Any] | None:
        """An object or a list; None where there is no such thing."""
        try:
            return self.call("GET", path)
        except ApiError as error:
            if error.status == http.client.NOT_FOUND:
                return None
            raise

    def items(self, path: str) -> "list[dict[str, Any]]":
        """What a list holds."""
        return list((self.get(path) or {}).get("items", []))

    def call(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> dict[str, Any]:
        """One request. Raises ApiError."""
        text = None if body is None else json.dumps(body)
        for again in (True, False):
            try:
                status, answer = self._exchange(method, path, text, kind)
                break
            except (OSError, http.client.HTTPException) as error:
                self._kept.connection = None
                if not again:
                    raise ApiError(0, f"{self.server}: {error}") from error
        try:
            known = json.loads(answer or b"{}")
        except ValueError:
            known = {"message": answer.decode(errors="replace")}
        if status >= http.client.BAD_REQUEST:
            raise ApiError(status, str(known.get("message", status)))
        return dict(known)

    def ready(self) -> bool:
        """Whether it answers that it is."""
        try:
            return self._exchange("GET", "/readyz", None, "")[0] == http.client.OK
        except (OSError, http.client.HTTPException):
            self._kept.connection = None
            return False

    def _exchange(self, method: str, path: str, text: str | None, kind: str) -> "tuple[int, bytes]":
        connection = getattr(self._kept, "connection", None)
        if connection is None:
            address = urlsplit(self.server)
            connection = http.client.HTTPSConnection(
                address.hostname or "", address.port or 443, timeout=15, context=self._context
            )
            self._kept.connection = connection
        connection.request(method, path, text, {**self._headers, "Content-Type": kind, "Accept": "application/json"})
        answer = connection.getresponse()
        return int(answer.status), bytes(answer.read())
