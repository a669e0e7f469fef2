"""Decide what an answer proves: the host is served, something is missing behind it, or visitors see an error."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ops.visit.asking import Answer
from ops.visit.hosts import Host


class Verdict(StrEnum):
    """Whether the origin answered, answered without an application, or did not answer."""

    ANSWERED = "answered"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A verdict, the status of the answer (0 without one), and the reason; empty if the origin answered."""

    verdict: Verdict
    status: int = 0
    reason: str = ""


_CLOUDFLARE: Final = {
    520: "a server closed the connection or sent no valid answer",
    521: "no server accepts connections on port 443",
    522: "the servers do not answer on port 443; check both firewalls against Cloudflare's ranges",
    523: "Cloudflare has no route to the servers",
    524: "a server accepted the request but did not answer in time",
    525: "the TLS handshake with a server failed; check the client certificate of origin pulls",
    526: "a server's certificate is not valid for this host",
    527: "the connection between Cloudflare and a server was interrupted",
    530: "Cloudflare cannot resolve the origin, or no proxied DNS record has this name",
}
"""Source: Cloudflare's documentation of its 5xx errors."""
_TRAEFIK: Final = {
    (404, "404 page not found"): "Traefik has no route for this host, or the route's Service does not exist",
    (503, "no available server"): "the route's Service has no ready pod",
    (502, "Bad Gateway"): "the application's pod closed the connection or speaks another protocol",
    (504, "Gateway Timeout"): "the application's pod does not answer",
}
"""The bodies of Traefik's own answers (net/http's NotFound, pkg/server/service/loadbalancer, pkg/proxy)."""

_NOT_ALLOWED: Final = (403, "Forbidden")
"""The answer of Traefik's middleware ipAllowList (pkg/middlewares/ipallowlist)."""
_REFUSALS: Final = {
    403: "the application or a firewall rule at Cloudflare refused the request",
    429: "the rate limit of the route or of Cloudflare refused the request",
}
_CHALLENGED: Final = "cf-mitigated"


def judge(host: Host, answer: Answer, *, from_cloudflare: bool) -> Outcome:
    """Return what an answer proves.

    Args:
        host: The host that was asked.
        answer: Its answer.
        from_cloudflare: Whether the answer must have the header `cf-ray`, which Cloudflare adds to every answer.
    """
    failure = _failure(host, answer, from_cloudflare=from_cloudflare)
    if failure:
        return Outcome(verdict=Verdict.FAILED, status=answer.status, reason=failure)
    if answer.status == 403 and host.client_certificates and _CHALLENGED not in answer.headers:
        return Outcome(verdict=Verdict.ANSWERED, status=answer.status, reason="visitors need a client certificate")
    warning = _warning(answer)
    return Outcome(verdict=Verdict.WARNING if warning else Verdict.ANSWERED, status=answer.status, reason=warning)


def _failure(host: Host, answer: Answer, *, from_cloudflare: bool) -> str:
    """Return why visitors do not reach the origin, or an empty text."""
    if from_cloudflare and "cf-ray" not in answer.headers:
        return "the answer has no cf-ray header, so it is not from Cloudflare; check the DNS record"
    if answer.status in range(520, 531):
        return _CLOUDFLARE.get(answer.status, "Cloudflare got no answer from a server")
    if (answer.status, answer.body.strip()) == _NOT_ALLOWED and not host.client_certificates:
        return "Traefik's allow list refused Cloudflare's address; renew the list of Cloudflare's ranges"
    return ""


def _warning(answer: Answer) -> str:
    """Return what is wrong although the origin or Cloudflare answered in order, or an empty text."""
    if _CHALLENGED in answer.headers:
        return "Cloudflare challenged or blocked this request, so no server was asked"
    if own := _TRAEFIK.get((answer.status, answer.body.strip())):
        return own
    if answer.status >= 500:
        return "the application or a proxy in front of it answered with an error"
    return _REFUSALS.get(answer.status, "")
