"""Send one HTTPS request as a visitor's browser would, with a bound on the whole exchange."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

PORT: Final = 443
_BODY: Final = 4_096
"""Bytes of a body that are read; the answers of Traefik itself are shorter."""


class NoAnswerError(Exception):
    """No HTTP answer came back: the name, the connection, the certificate or the exchange failed."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer: its status, its headers by lower-case name, and the beginning of its body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """An address and a port to connect to instead of those of the host."""

    address: str
    port: int = PORT


def ask(host: str, context: ssl.SSLContext, seconds: float, target: Target | None = None) -> Answer:
    """Ask for `https://HOST/` and return the answer. Redirects are not followed.

    Args:
        host: The host, for DNS, the server's certificate and the request.
        context: The authorities that may have signed the host's certificate.
        seconds: The time that the exchange may take after the name is resolved.
        target: Where to connect to; the default is the host's own address.

    Raises:
        NoAnswerError: With the reason.
    """
    where = (target.address, target.port) if target else (host, PORT)
    try:
        with (
            socket.create_connection(where, timeout=seconds) as raw,
            _ended_after(raw, seconds),
            context.wrap_socket(raw, server_hostname=host) as tls,
        ):
            connection = http.client.HTTPConnection(host)
            connection.sock = tls
            headers = {"User-Agent": "honeydue-ops", "Accept": "*/*", "Connection": "close"}
            connection.request("GET", "/", headers=headers)
            answer = connection.getresponse()
            return Answer(
                status=answer.status,
                headers={name.lower(): value for name, value in answer.getheaders()},
                body=answer.read(_BODY).decode(errors="replace"),
            )
    except ssl.SSLCertVerificationError as error:
        raise NoAnswerError(f"the certificate is not valid: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise NoAnswerError(f"the TLS handshake failed: {error.reason or error}") from error
    except socket.gaierror as error:
        raise NoAnswerError(f"DNS has no address for it: {error.strerror}") from error
    except TimeoutError as error:
        raise NoAnswerError(f"no answer within {seconds:.0f} s") from error
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswerError(f"the connection failed: {str(error) or type(error).__name__}") from error


@contextmanager
def _ended_after(connection: socket.socket, seconds: float) -> Iterator[None]:
    """Shut a connection down after some seconds: a socket's own timeout begins again with every byte."""

    def end() -> None:
        late.set()
        with suppress(OSError):
            same.shutdown(socket.SHUT_RDWR)

    late, same = threading.Event(), connection.dup()  # TLS takes the original away
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if not late.is_set():
            raise
        raise TimeoutError from error
    else:
        if late.is_set():  # what was read by then is cut off
            raise TimeoutError
    finally:
        timer.cancel()
        same.close()
