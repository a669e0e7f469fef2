"""HTTPS to a Kubernetes API server with what a kubeconfig holds: its CA, and the user's client certificate."""

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from sandbox.providers.k3s_credentials import access
from sandbox.providers.kubernetes_api import UNAUTHORIZED, UNKNOWN_AUTHORITY, UnreachableError, unreachable

if TYPE_CHECKING:
    import ssl

JSON: Final = "application/json"
JSON_PATCH: Final = "application/json-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"
"""Server-side apply; JSON is YAML, too."""

_TRIES: Final = 5
_PAUSE: Final = 0.5
"""Seconds before the second try; each further one waits so much longer, five seconds in all."""
_LONGEST_PAUSE: Final = 10.0
"""Seconds, however long the API server asks for."""
_BUSY: Final = (429, 503)
_TIMEOUT: Final = 30.0
"""Seconds until a connection stands, and between two pieces of an answer."""
_UNTRUSTED: Final = (18, 19, 20, 21)
"""OpenSSL's codes for a certificate whose signer is unknown."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: an object, or a Status that says what is wrong."""

    code: int
    body: Mapping[str, Any]
    pause: float | None = None
    """Retry-After."""

    @property
    def refused(self) -> bool:
        """Whether it is an error."""
        return self.code >= 400

    @property
    def message(self) -> str:
        """The API server's words."""
        return str(self.body.get("message") or f"the server answered with status {self.code}")

    @property
    def reason(self) -> str:
        """Kubernetes' name of the error."""
        return str(self.body.get("reason") or self.code)

    @property
    def missing(self) -> str | None:
        """The plural of what was not found; empty where the API server does not know the kind at all."""
        return str((self.body.get("details") or {}).get("kind") or "") if self.code == 404 else None


class Client:
    """Requests to one API server, as one user; may be shared by threads.

    Raises:
        UnreachableError: from the constructor, when it is no kubeconfig.
    """

    def __init__(self, kubeconfig: str) -> None:
        try:
            self._access: Final = access(kubeconfig)
        except ValueError as error:
            raise UnreachableError(f"configured Kubernetes cluster is unreachable: {error}") from error
        self.server: Final = self._access["server"]

    def send(
        self,
        verb: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
    ) -> Answer:
        """One request and its answer, errors of the API among them.

        A broken connection is tried again where nothing is changed, and everything where the API server asks for it.

        Raises:
            UnreachableError: when nobody answers, nobody who can be trusted, or the user is none of theirs.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        content = None if body is None else json.dumps(body)
        for attempt in range(1, _TRIES + 1):
            last = attempt == _TRIES
            try:
                answer = self._exchange(verb, target, content, content_type)
            except OSError as error:
                if last or verb != "GET" or not isinstance(error, ConnectionError):
                    raise unreachable(self.server, self._why(error)) from error
                time.sleep(_PAUSE * attempt)
                continue
            if last or answer.pause is None or answer.code not in _BUSY:
                break
            time.sleep(min(answer.pause, _LONGEST_PAUSE))
        if answer.code == 401:
            raise unreachable(self.server, UNAUTHORIZED)
        return answer

    def _exchange(self, verb: str, target: str, body: str | None, content_type: str) -> Answer:
        import ssl  # noqa: PLC0415 - a plugin without a real cluster starts faster without it
        from http.client import HTTPException, HTTPSConnection  # noqa: PLC0415

        address = urlsplit(self.server)
        connection = HTTPSConnection(
            address.hostname or "", address.port or 443, timeout=_TIMEOUT, context=self._context
        )
        try:
            headers = {"Accept": JSON, "Content-Type": content_type, "Connection": "close"}
            connection.request(verb, address.path.rstrip("/") + target, body, headers)
            response = connection.getresponse()
            return Answer(
                code=response.status,
                body=_parsed(response.read()),
                pause=_seconds(response.getheader("Retry-After")),
            )
        except (HTTPException, ssl.SSLEOFError) as error:
            if isinstance(error, ConnectionError):
                raise
            raise ConnectionResetError(f"half an answer: {error!r}") from error
        finally:
            connection.close()

    @cached_property
    def _context(self) -> "ssl.SSLContext":
        import ssl  # noqa: PLC0415

        context = ssl.create_default_context(cadata=self._access["ca"] or None)
        if self._access["certificate"]:
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:  # readable by its owner only
                file.write(f"{self._access['certificate']}\n{self._access['key']}")
                file.flush()
                context.load_cert_chain(file.name)
        return context

    def _why(self, error: OSError) -> str:
        """A failure as the Go client reports it."""
        import ssl  # noqa: PLC0415

        if isinstance(error, ssl.SSLCertVerificationError):
            if error.verify_code in _UNTRUSTED:
                return UNKNOWN_AUTHORITY
            return f"tls: failed to verify certificate: x509: {error.verify_message}"
        if isinstance(error, ssl.SSLError):
            return f"tls: {error.reason or error}"
        address = urlsplit(self.server)
        dial = f"dial tcp {address.hostname}:{address.port or 443}"
        if isinstance(error, ConnectionRefusedError):
            return f"{dial}: connect: connection refused"
        if isinstance(error, ConnectionError):
            return "EOF"
        return f"{dial}: i/o timeout" if isinstance(error, TimeoutError) else f"{dial}: {error.strerror or error}"


def _parsed(content: bytes) -> dict[str, Any]:
    """A JSON object; what is none, such as `404 page not found`, says nothing."""
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isdecimal() else None
