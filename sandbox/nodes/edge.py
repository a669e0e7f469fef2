"""Cloudflare's edge as HAProxy's configuration: a pure function of what the zone says.

It behaves as Cloudflare documents it: TLS to the visitor with a certificate of its own, Full (strict) to the origin,
round robin over a name's addresses, one other address on a failure to connect only, and 52x codes of its own.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ADDRESSES: Final = ("173.245.48.10", "2606:4700::10")
"""Where the edge lives, one address of a published range per family."""
CONNECT_SECONDS: Final = 3
"""After which an origin that says nothing counts as timed out."""
_OWN: Final = "!{ var(txn.answered) -m bool }"
"""The answer is HAProxy's own, not the origin's."""
_CODES: Final = (
    ("526", "{ status 503 } { ssl_bc_err_str -m sub 'certificate verify failed' }"),
    ("525", "{ status 503 } { ssl_bc_err -m int gt 0 }"),
    ("522", f"{{ status 503 }} {{ var(txn.waited) -m int ge {CONNECT_SECONDS * 1000} }}"),
    ("521", "{ status 503 }"),
    ("524", "{ status 504 }"),
    ("520", "{ status 502 }"),
)
"""What Cloudflare says instead: certificate, handshake, silence, refusal, a slow answer, and none."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """What the edge knows of a zone."""

    hosts: Mapping[str, Sequence[str]]
    """The addresses behind each proxied name."""
    always_https: bool
    min_tls_version: str
    client_certificate: bool
    """Whether it shows one to the origins."""

    def configuration(self, folder: Path) -> str:
        """HAProxy's configuration; certificates are files of `folder`: visitors.pem, origin-ca.pem, client.pem."""
        blocks = [_global(self.min_tls_version), self._frontend(folder)]
        blocks += [self._backend(host, addresses, folder) for host, addresses in sorted(self.hosts.items())]
        return "\n".join(blocks)

    def map(self) -> str:
        """Which backend each host has."""
        return "".join(f"{host} {host}\n" for host in sorted(self.hosts))

    def _frontend(self, folder: Path) -> str:
        # no h2: HAProxy tells an h2 visitor of a failure with a reset, and no code
        binds = [
            f"    bind {_at(address, port)}{more}"
            for address in ADDRESSES
            for port, more in ((80, ""), (443, f" ssl crt {folder}/visitors.pem alpn http/1.1"))
        ]
        redirect = "    http-request redirect scheme https code 301 if !{ ssl_fc }" if self.always_https else ""
        codes = [f"    http-after-response set-status {code} if {_OWN} {when}" for code, when in _CODES]
        waited = "    http-after-response set-var(txn.waited) date(0,ms),sub(txn.began)"
        return f"""frontend visitors
{chr(10).join(binds)}
    http-request set-var(txn.began) date(0,ms)
{redirect}
    http-request set-header CF-Connecting-IP %[src]
    acl told req.hdr(X-Forwarded-For) -m found
    http-request set-header X-Forwarded-For "%[req.fhdr(X-Forwarded-For)], %[src]" if told
    http-request set-header X-Forwarded-For %[src] if !told
    http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
    http-request set-header X-Forwarded-Proto http if !{{ ssl_fc }}
    acl known req.hdr(host),lower,field(1,:),map_str({folder}/hosts.map) -m found
    http-request return status 530 content-type text/plain string "error 1016: no such record is proxied" if !known
    http-response set-var(txn.answered) bool(true)
{waited}
{chr(10).join(codes)}
    use_backend %[req.hdr(host),lower,field(1,:),map_str({folder}/hosts.map)]
"""

    def _backend(self, host: str, addresses: Sequence[str], folder: Path) -> str:
        client = f" crt {folder}/client.pem" if self.client_certificate else ""
        tls = f"ssl verify required ca-file {folder}/origin-ca.pem sni str({host}) verifyhost {host}{client}"
        servers = [
            f"    server {number} {_at(address, 443)} source {_at(ADDRESSES[':' in address], 0)}"
            for number, address in enumerate(sorted(addresses, key=_order), 1)
        ]
        return "\n".join([f"backend {host}", "    balance roundrobin", f"    default-server {tls}", *servers, ""])


def _global(min_tls_version: str) -> str:
    return f"""global
    log stdout format raw local0
    maxconn 4000
    ssl-default-bind-options ssl-min-ver TLSv{min_tls_version}
    ssl-default-server-options no-tls-tickets

defaults
    mode http
    log global
    option httplog
    option redispatch 1
    retries 1
    retry-on conn-failure
    timeout connect {CONNECT_SECONDS}s
    timeout client 100s
    timeout server 100s
    http-reuse safe
"""


def _at(address: str, port: int) -> str:
    return f"ipv6@[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _order(address: str) -> tuple[int, int]:
    parsed = ipaddress.ip_address(address)
    return parsed.version, int(parsed)
