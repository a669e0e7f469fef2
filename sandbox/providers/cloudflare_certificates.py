"""Certificates at Cloudflare: the origin certificate, really signed, and the one that Cloudflare shows to origins."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.providers.cloudflare_shared import new_hex, now, refusal, zone_of, zones
from sandbox.providers.diffing import Difference
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Made, Plain, Problem, Resource, is_known
from sandbox.providers.tls_certificates import load_certificate, load_request, new_certificate, pem_of, stamp
from sandbox.providers.tls_keys import PrivateKey, algorithm_of, load_key, public_pem
from sandbox.providers.values import normal
from sandbox.world import World

_REQUEST_TYPES: Final = ("origin-rsa", "origin-ecc", "keyless-certificate")
_VALIDITIES: Final = (7, 30, 90, 365, 730, 1095, 5475)
"""Days."""
_AUTHORITY_HOURS: Final = 20 * 365 * 24
_BAD_REQUEST: Final = "400 Bad Request"


class OriginCaCertificate(Resource):
    """A certificate that Cloudflare trusts at an origin, and nobody else does."""

    token = "cloudflare:index/originCaCertificate:OriginCaCertificate"  # noqa: S105 - a type
    kind = "origin_ca_certificate"
    replaces = frozenset({"csr", "hostnames", "requestType", "requestedValidity"})
    outputs = frozenset({"certificate", "expiresOn"})
    unread = frozenset({"csr"})
    defaults: ClassVar = {"requestedValidity": 5475}

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """Type and validity are checked before the API is asked."""
        if is_known(inputs["requestType"]) and inputs["requestType"] not in _REQUEST_TYPES:
            known = list(_REQUEST_TYPES)
            yield "requestType", f"Attribute request_type value must be one of: {known}, got: {inputs['requestType']!r}"
        days = inputs.get("requestedValidity")
        if is_known(days) and int(str(days)) not in _VALIDITIES:
            yield (
                "requestedValidity",
                f"Attribute requested_validity value must be one of: {list(_VALIDITIES)}, got: {days}",
            )

    def difference(self, state: Plain, old_inputs: Plain, inputs: Plain, ignored: list[str]) -> Difference:
        """A validity that is no longer asked for is an update, and never settles."""
        found = super().difference(state, old_inputs, inputs, ignored)
        if inputs.get("requestedValidity") is None:
            found.replacing.discard("requestedValidity")
        return found

    def create(self, inputs: Plain, urn: str) -> Made:
        """Sign the request's key for the hostnames, which all are in zones of the account."""
        hostnames = [str(name) for name in inputs["hostnames"]]
        request = load_request(str(inputs["csr"]))
        self._check(hostnames, algorithm_of(request.public_key()), str(inputs["requestType"]))
        key, authority = certificate_authority(self.world)
        days = int(inputs.get("requestedValidity") or self.defaults["requestedValidity"])
        signed = new_certificate(
            subject=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CloudFlare Origin Certificate")]),
            public_key=request.public_key(),
            names=[x509.DNSName(name) for name in hostnames],
            issuer=authority.subject,
            issuer_key=key,
            uses=["digital_signature", "key_encipherment", "client_auth", "server_auth"],
            hours=days * 24,
            authority=False,
            subject_key_id=True,
            issuer_public_key=key.public_key(),
        )
        data = {
            **self.defaults,
            **self.shown(inputs),
            "certificate": pem_of(signed),
            "expiresOn": stamp(signed.not_valid_after_utc),
        }
        identity = str(signed.serial_number)
        made = self.put_new(identity, data, urn, name=f"{hostnames[0]} {identity[:8]}")
        return Made(id=identity, outputs=made.outputs)

    def read(self, identity: str, state: Plain) -> Plain | None:
        """With the names in the API's own order."""
        found = super().read(identity, state)
        return None if found is None else {**found, "hostnames": sorted(found["hostnames"], reverse=True)}

    def read_inputs(self, inputs: Plain, outputs: Plain) -> Plain:
        """The order of the names is taken over."""
        found = super().read_inputs(inputs, outputs)
        return (
            found
            if inputs.get("requestedValidity") is not None or not inputs
            else {key: value for key, value in found.items() if key != "requestedValidity"}
        )

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """There is no such call: nothing changes, so it differs again the next time."""
        del identity, inputs
        return state

    def delete(self, identity: str, state: Plain) -> None:
        """Revoke it; one that is gone is an error."""
        del state
        if not self.world.delete(self.kind, identity):
            raise refusal("DELETE", f"certificates/{identity}", "404 Not Found", 1101, "Certificate not found")

    def detail(self, inputs: Plain, state: Plain) -> str:
        """The first host."""
        names = {**state, **inputs}.get("hostnames") or [""]
        return str(names[0])

    def _check(self, hostnames: list[str], algorithm: str, request_type: str) -> None:
        path = "certificates"
        names = [str(zone["name"]) for zone in zones(self.world)]
        for name in hostnames:
            bare = name.removeprefix("*.")
            if not any(bare == zone or bare.endswith(f".{zone}") for zone in names):
                message = (
                    f"Failed to validate requested hostname {name}: This zone is either not part of your account, "
                )
                raise refusal("POST", path, _BAD_REQUEST, 1010, message + "or you do not have access to it.")
        wanted = {"origin-rsa": "RSA", "origin-ecc": "ECDSA"}.get(request_type, algorithm)
        if algorithm != wanted:
            message = f"The request type {request_type} does not fit the CSR's {algorithm} key."
            raise refusal("POST", path, _BAD_REQUEST, 1006, message)


class AuthenticatedOriginPullsCertificate(Resource):
    """The client certificate that Cloudflare shows to the origins of a zone."""

    token = "cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate"  # noqa: S105 - a type
    kind = "authenticated_origin_pulls_certificate"
    replaces = frozenset({"zoneId", "certificate", "privateKey"})
    outputs = frozenset(
        {"certificateId", "enabled", "expiresOn", "issuer", "serialNumber", "signature", "status", "uploadedOn"}
    )
    secrets = frozenset({"privateKey"})
    unread = frozenset({"privateKey"})

    def difference(self, state: Plain, old_inputs: Plain, inputs: Plain, ignored: list[str]) -> Difference:
        """Another newline at the end is an update that never settles; another certificate replaces."""
        found = super().difference(state, old_inputs, inputs, ignored)
        for key in ("certificate", "privateKey"):
            if key in found.changed and normal(str(state.get(key)).strip()) == normal(str(inputs.get(key)).strip()):
                found.replacing.discard(key)
        return found

    def create(self, inputs: Plain, urn: str) -> Made:
        """Certificate and key belong together."""
        zone = zone_of(self.world, inputs, "POST", "origin_tls_client_auth")
        path = f"zones/{zone['id']}/origin_tls_client_auth"
        try:
            certificate, key = load_certificate(str(inputs["certificate"])), load_key(str(inputs["privateKey"]))
        except RefusalError as error:
            raise refusal("POST", path, _BAD_REQUEST, 1407, f"Invalid certificate or key: {error}") from error
        if public_pem(certificate) != public_pem(key):
            raise refusal("POST", path, _BAD_REQUEST, 1412, "The private key does not match the certificate.")
        identity = new_hex(self.world)
        data = {
            **self.shown(inputs),
            "certificateId": identity,
            "enabled": False,
            "expiresOn": stamp(certificate.not_valid_after_utc),
            "issuer": certificate.issuer.rfc4514_string(),
            "serialNumber": str(certificate.serial_number),
            "signature": "ECDSAWithSHA256" if algorithm_of(key) == "ECDSA" else "SHA256WithRSA",
            "status": "active",
            "uploadedOn": now(),
        }
        made = self.put_new(identity, {**data, "privateKey": "", "_privateKey": inputs["privateKey"]}, urn)
        return Made(id=identity, outputs={**made.outputs, "privateKey": inputs["privateKey"]})

    def read(self, identity: str, state: Plain) -> Plain | None:
        """The key never comes back; the state keeps it."""
        found = super().read(identity, state)
        return None if found is None else {**found, "privateKey": state.get("privateKey", "")}

    def update(self, identity: str, state: Plain, inputs: Plain) -> Plain:
        """There is no such call."""
        del identity, inputs
        return state

    def delete(self, identity: str, state: Plain) -> None:
        """One that is gone is an error."""
        if not self.world.delete(self.kind, identity):
            path = f"zones/{state.get('zoneId')}/origin_tls_client_auth/{identity}"
            raise refusal("DELETE", path, "404 Not Found", 1551, "Certificate not found.")

    def detail(self, inputs: Plain, state: Plain) -> str:
        """Nothing of it is worth a line."""
        del inputs, state
        return ""


def certificate_authority(world: World, purpose: str = "origin") -> tuple[PrivateKey, x509.Certificate]:
    """A CA of the sandbox's Cloudflare: made once per world, its key in a file beside it that only its owner can read.

    `origin` signs what servers show to Cloudflare, `visitors` what Cloudflare shows to the world.
    """
    file = Path(f"{world.path}-{purpose}-ca.pem")
    if not file.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"honeydue sandbox {purpose} CA")])
        certificate = new_certificate(
            subject=name,
            public_key=key.public_key(),
            names=[],
            issuer=name,
            issuer_key=key,
            uses=["cert_signing", "crl_signing"],
            hours=_AUTHORITY_HOURS,
            authority=True,
        )
        secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()).decode()
        part = file.with_name(f"{file.name}.{os.getpid()}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(secret + pem_of(certificate))
        part.replace(file)
    text = file.read_text()
    return load_key(text[: text.index("-----BEGIN CERTIFICATE")]), load_certificate(
        text[text.index("-----BEGIN CERTIFICATE") :]
    )
