"""The tls provider: real keys and certificates, kept in the state alone."""

import datetime as dt
from collections.abc import Iterable
from typing import ClassVar

from cryptography import x509

from sandbox.providers.base import StandIn
from sandbox.providers.diffing import Difference
from sandbox.providers.local import LocalResource
from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Made, Plain, Problem, is_known
from sandbox.providers.tls_certificates import (
    EXTENDED_USES,
    KEY_USES,
    alternative_names,
    load_certificate,
    load_request,
    names_of,
    new_certificate,
    new_request,
    pem_of,
    stamp,
    subject_of,
)
from sandbox.providers.tls_keys import (
    ALGORITHMS,
    CURVES,
    algorithm_of,
    identity,
    load_key,
    new_key,
    public_pem,
    spellings,
)
from sandbox.world import World


class PrivateKey(LocalResource):
    """A key pair."""

    token = "tls:index/privateKey:PrivateKey"  # noqa: S105 - a type
    replaces = frozenset({"algorithm", "ecdsaCurve", "rsaBits"})
    defaults: ClassVar = {"ecdsaCurve": "P224", "rsaBits": 2048}
    secrets = frozenset({"privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh"})
    outputs = secrets | {"publicKeyPem", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"}

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """Algorithm and curve."""
        if is_known(inputs["algorithm"]) and inputs["algorithm"] not in ALGORITHMS:
            yield "algorithm", f"value must be one of: {list(ALGORITHMS)}, got: {inputs['algorithm']}"
        if is_known(inputs.get("ecdsaCurve")) and inputs["ecdsaCurve"] not in CURVES:
            yield "ecdsaCurve", f"value must be one of: {list(CURVES)}, got: {inputs['ecdsaCurve']}"

    def make(self, inputs: Plain) -> Made:
        """Named by its public half."""
        key = new_key(inputs["algorithm"], inputs["ecdsaCurve"], int(inputs["rsaBits"]))
        return Made(id=identity(public_pem(key)), outputs=spellings(key))


class CertRequest(LocalResource):
    """A signing request; another order of its names is another request."""

    token = "tls:index/certRequest:CertRequest"  # noqa: S105 - a type
    replaces = frozenset({"dnsNames", "ipAddresses", "privateKeyPem", "subject", "uris"})
    outputs = frozenset({"certRequestPem", "keyAlgorithm"})
    secrets = frozenset({"privateKeyPem"})

    def make(self, inputs: Plain) -> Made:
        """Signed by its own key."""
        key = load_key(str(inputs["privateKeyPem"]))
        pem = new_request(key, inputs)
        return Made(id=identity(pem), outputs={"certRequestPem": pem, "keyAlgorithm": algorithm_of(key)})


class Certificate(LocalResource):
    """What both kinds of certificate share: uses, validity, and when they are due."""

    outputs = frozenset({"certPem", "keyAlgorithm", "readyForRenewal", "validityEndTime", "validityStartTime"})
    defaults: ClassVar = {
        "earlyRenewalHours": 0,
        "isCaCertificate": False,
        "maxPathLength": -1,
        "setSubjectKeyId": False,
    }

    def problems(self, inputs: Plain) -> Iterable[Problem]:
        """Uses must be known."""
        known = sorted({*KEY_USES, *EXTENDED_USES})
        for place, use in enumerate(inputs.get("allowedUses") or []):
            if is_known(use) and use not in known:
                yield f"allowedUses[{place}]", f"value must be one of: {known}, got: {use}"
        if is_known(inputs["validityPeriodHours"]) and float(inputs["validityPeriodHours"]) < 0:
            yield "validityPeriodHours", "value must be at least 0"

    def difference(self, state: Plain, old_inputs: Plain, inputs: Plain, ignored: list[str]) -> Difference:
        """A certificate that is due is replaced, too."""
        found = super().difference(state, old_inputs, inputs, ignored)
        if is_due({**state, "earlyRenewalHours": inputs.get("earlyRenewalHours")}):
            found.changed.add("readyForRenewal")
            found.replacing.add("readyForRenewal")
        return found

    def read(self, identity: str, state: Plain) -> Plain | None:
        """As it was, but that it may be due by now."""
        del identity
        return {**state, "readyForRenewal": is_due(state)}

    def certified(self, certificate: x509.Certificate, inputs: Plain) -> Made:
        """Its id and outputs."""
        outputs: Plain = {
            "certPem": pem_of(certificate),
            "validityStartTime": stamp(certificate.not_valid_before_utc),
            "validityEndTime": stamp(certificate.not_valid_after_utc),
        }
        outputs["readyForRenewal"] = is_due({**inputs, **outputs})
        return Made(id=str(certificate.serial_number), outputs=outputs)


def is_due(state: Plain) -> bool:
    """Whether the time for the renewal has come."""
    if not state.get("validityEndTime"):
        return False
    end = dt.datetime.fromisoformat(state["validityEndTime"])
    return dt.datetime.now(dt.UTC) >= end - dt.timedelta(hours=float(state.get("earlyRenewalHours") or 0))


def _path_length(inputs: Plain) -> int | None:
    length = int(inputs.get("maxPathLength", -1))
    return length if length >= 0 and inputs["isCaCertificate"] else None


class SelfSignedCert(Certificate):
    """A certificate that vouches for itself, such as a CA's."""

    token = "tls:index/selfSignedCert:SelfSignedCert"  # noqa: S105 - a type
    replaces = frozenset(
        [
            "allowedUses",
            "dnsNames",
            "ipAddresses",
            "isCaCertificate",
            "maxPathLength",
            "privateKeyPem",
            "setAuthorityKeyId",
            "setSubjectKeyId",
            "subject",
            "uris",
            "validityPeriodHours",
        ]
    )
    secrets = frozenset({"privateKeyPem"})
    defaults: ClassVar = {**Certificate.defaults, "setAuthorityKeyId": False}

    def make(self, inputs: Plain) -> Made:
        """Signed by its own key."""
        key = load_key(str(inputs["privateKeyPem"]))
        subject = subject_of(inputs.get("subject"))
        made = new_certificate(
            subject=subject,
            public_key=key.public_key(),
            names=alternative_names(inputs),
            issuer=subject,
            issuer_key=key,
            uses=inputs["allowedUses"],
            hours=float(inputs["validityPeriodHours"]),
            authority=bool(inputs["isCaCertificate"]),
            path_length=_path_length(inputs),
            subject_key_id=bool(inputs["setSubjectKeyId"]),
            issuer_public_key=key.public_key() if inputs["setAuthorityKeyId"] else None,
        )
        found = self.certified(made, inputs)
        return Made(id=found.id, outputs={**found.outputs, "keyAlgorithm": algorithm_of(key)})


class LocallySignedCert(Certificate):
    """A certificate for a request, from a CA of ours."""

    token = "tls:index/locallySignedCert:LocallySignedCert"  # noqa: S105 - a type
    replaces = frozenset(
        [
            "allowedUses",
            "caCertPem",
            "caPrivateKeyPem",
            "certRequestPem",
            "isCaCertificate",
            "maxPathLength",
            "setSubjectKeyId",
            "validityPeriodHours",
        ]
    )
    outputs = Certificate.outputs - {"keyAlgorithm"} | {"caKeyAlgorithm"}
    secrets = frozenset({"caPrivateKeyPem"})

    def make(self, inputs: Plain) -> Made:
        """Signed by the CA's key, which must be the CA certificate's."""
        request = load_request(str(inputs["certRequestPem"]))
        authority = load_certificate(str(inputs["caCertPem"]))
        key = load_key(str(inputs["caPrivateKeyPem"]))
        if public_pem(key) != public_pem(authority):
            raise RefusalError("the CA's private key does not belong to the CA's certificate")
        made = new_certificate(
            subject=request.subject,
            public_key=request.public_key(),
            names=names_of(request),
            issuer=authority.subject,
            issuer_key=key,
            uses=inputs["allowedUses"],
            hours=float(inputs["validityPeriodHours"]),
            authority=bool(inputs["isCaCertificate"]),
            path_length=_path_length(inputs),
            subject_key_id=bool(inputs["setSubjectKeyId"]),
            issuer_public_key=key.public_key(),
        )
        found = self.certified(made, inputs)
        return Made(id=found.id, outputs={**found.outputs, "caKeyAlgorithm": algorithm_of(key)})


class Tls(StandIn):
    """pulumi-tls."""

    name = "tls"
    resources: ClassVar = (PrivateKey, CertRequest, SelfSignedCert, LocallySignedCert)


def provider(world: World) -> Tls:
    """The plugin."""
    return Tls(world)
