"""TLS between Cloudflare and the origin, in both directions.

Cloudflare signs the origin certificate from our request, so its key never leaves the stack. With authenticated origin
pulls, Cloudflare presents a certificate of our own CA, which proves more than "some customer of Cloudflare".
A new generation rotates a certificate: the new one is created and put into use before the old one is deleted.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_tls import CertRequest, LocallySignedCert, PrivateKey, SelfSignedCert

from components.cloudflare import (
    AuthenticatedOriginPullsCertificate,
    AuthenticatedOriginPullsSettings,
    OriginCaCertificate,
)
from components.digests import digest

_YEARS: Final = 365 * 24
PULLS_VALIDITY_HOURS: Final = 10 * _YEARS
RENEWAL_HOURS: Final = 30 * 24
"""Our own certificates are renewed thirty days before they expire. More than the validity would renew them at once."""


@dataclass(frozen=True, kw_only=True)
class OriginCertificateArgs:
    """The hosts, generation and validity (days, one of Cloudflare's options) of the origin certificate."""

    hosts: Sequence[str]
    generation: int
    validity_days: int


class OriginCertificate(pulumi.ComponentResource):
    """Our own key, and Cloudflare's certificate for it."""

    certificate: pulumi.Output[str]
    private_key: pulumi.Output[str]
    expires_on: pulumi.Output[str]

    def __init__(self, name: str, args: OriginCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:OriginCertificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        hosts = sorted(args.hosts)  # another order would replace the certificate
        label = f"{name}-{args.generation}"
        key = PrivateKey(f"{label}-key", algorithm="ECDSA", ecdsa_curve="P256", opts=child)
        request = CertRequest(
            f"{label}-request",
            private_key_pem=key.private_key_pem,
            dns_names=hosts,
            subject={"common_name": hosts[0]},
            opts=child,
        )
        certificate = OriginCaCertificate(
            f"{label}-certificate-{_digest(hosts, args.validity_days)}",
            csr=request.cert_request_pem,
            hostnames=hosts,
            request_type="origin-ecc",
            requested_validity=args.validity_days,
            # Cloudflare reorders the names, and ignored inputs keep their old values even in a replacement. So other
            # names or another validity create another resource, and the old one is deleted after the new one is in use
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["hostnames", "requestedValidity"]),
        )
        self.certificate = certificate.certificate
        self.private_key = key.private_key_pem
        self.expires_on = certificate.expires_on
        self.register_outputs({"expires_on": self.expires_on})


@dataclass(frozen=True, kw_only=True)
class OriginPullsArgs:
    """The zone, whether Cloudflare presents our certificate, and the generation of that certificate."""

    zone_id: str
    zone: str
    enabled: bool
    generation: int


class OriginPulls(pulumi.ComponentResource):
    """Our own CA, a client certificate of it at Cloudflare, and the zone's switch.

    All generations of the client certificate have one CA, so Traefik trusts both the old and the new one in a rotation.
    The switch is always part of the graph: without it, Cloudflare would keep presenting a deleted certificate.
    """

    ca_certificate: pulumi.Output[str]
    enabled: pulumi.Resource

    def __init__(self, name: str, args: OriginPullsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("honeydue:index:OriginPulls", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        label = f"{name}-{args.generation}"
        ca_key = PrivateKey(
            f"{name}-ca-key", algorithm="ECDSA", ecdsa_curve="P256", opts=self._renamed(name, "ca-key", args.generation)
        )
        ca = SelfSignedCert(
            f"{name}-ca",
            private_key_pem=ca_key.private_key_pem,
            is_ca_certificate=True,
            allowed_uses=["cert_signing", "crl_signing"],
            subject={"common_name": f"origin pulls of {args.zone}"},
            validity_period_hours=PULLS_VALIDITY_HOURS,
            early_renewal_hours=RENEWAL_HOURS,
            opts=self._renamed(name, "ca", args.generation),
        )
        key = PrivateKey(f"{label}-key", algorithm="ECDSA", ecdsa_curve="P256", opts=child)
        request = CertRequest(
            f"{label}-request",
            private_key_pem=key.private_key_pem,
            subject={"common_name": f"cloudflare for {args.zone}"},
            opts=child,
        )
        signed = LocallySignedCert(
            f"{label}-certificate",
            cert_request_pem=request.cert_request_pem,
            ca_private_key_pem=ca_key.private_key_pem,
            ca_cert_pem=ca.cert_pem,
            allowed_uses=["client_auth", "digital_signature"],
            validity_period_hours=PULLS_VALIDITY_HOURS,
            early_renewal_hours=RENEWAL_HOURS,
            opts=child,
        )
        presented = AuthenticatedOriginPullsCertificate(
            f"{label}-presented",
            zone_id=args.zone_id,
            certificate=signed.cert_pem.apply(str.strip),  # a trailing newline would show a difference in every update
            private_key=key.private_key_pem.apply(str.strip),
            opts=child,
        )
        self.ca_certificate = ca.cert_pem
        self.enabled = AuthenticatedOriginPullsSettings(
            f"{name}-switch",
            zone_id=args.zone_id,
            enabled=args.enabled,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[presented]),
        )
        self.register_outputs({"ca_certificate": self.ca_certificate})

    def _renamed(self, name: str, part: str, generation: int) -> pulumi.ResourceOptions:
        """Return options with aliases: the name of the CA once contained the generation, as in `pulls-1-ca`."""
        former = [pulumi.Alias(name=f"{name}-{number}-{part}") for number in range(1, generation + 1)]
        return pulumi.ResourceOptions(parent=self, aliases=former)


def _digest(hosts: Sequence[str], validity_days: int) -> str:
    """Return eight hex digits that identify a certificate by its hosts and validity."""
    return digest(json.dumps([list(hosts), validity_days]), 8)
