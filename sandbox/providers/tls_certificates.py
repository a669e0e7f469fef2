"""Requests and certificates, really made: names, uses, constraints and validity as the tls provider sets them."""

import datetime as dt
import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Plain
from sandbox.providers.tls_keys import PrivateKey, algorithm_of

KEY_USES: Final = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
    "encipher_only": "encipher_only",
    "decipher_only": "decipher_only",
}
EXTENDED_USES: Final = {
    "any_extended": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code_signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp_signing": ExtendedKeyUsageOID.OCSP_SIGNING,
}
_SUBJECT: Final = {
    "commonName": NameOID.COMMON_NAME,
    "country": NameOID.COUNTRY_NAME,
    "locality": NameOID.LOCALITY_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "postalCode": NameOID.POSTAL_CODE,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "serialNumber": NameOID.SERIAL_NUMBER,
}


def subject_of(given: Any) -> x509.Name:
    """The subject as the resource has it."""
    pairs = [(_SUBJECT[key], str(value)) for key, value in (given or {}).items() if key in _SUBJECT and value]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])


def alternative_names(inputs: Plain) -> list[x509.GeneralName]:
    """DNS names, addresses and URIs."""
    return [
        *[x509.DNSName(str(name)) for name in inputs.get("dnsNames") or []],
        *[x509.IPAddress(ipaddress.ip_address(str(address))) for address in inputs.get("ipAddresses") or []],
        *[x509.UniformResourceIdentifier(str(uri)) for uri in inputs.get("uris") or []],
    ]


def new_request(key: PrivateKey, inputs: Plain) -> str:
    """A signing request in PEM."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject_of(inputs.get("subject")))
    names = alternative_names(inputs)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, _digest(key)).public_bytes(form.Encoding.PEM).decode()


def new_certificate(
    *,
    subject: x509.Name,
    public_key: Any,
    names: Sequence[x509.GeneralName],
    issuer: x509.Name,
    issuer_key: PrivateKey,
    uses: Iterable[str],
    hours: float,
    authority: bool,
    path_length: int | None = None,
    subject_key_id: bool = False,
    issuer_public_key: Any = None,
) -> x509.Certificate:
    """A certificate from now on; `issuer_public_key` is given where the issuer shall be named by its key's id, too."""
    start = dt.datetime.now(dt.UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(hours=hours))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
    )
    uses = list(uses)
    if signing := [KEY_USES[use] for use in uses if use in KEY_USES]:
        usage = x509.KeyUsage(**{name: name in signing for name in KEY_USES.values()})
        builder = builder.add_extension(usage, critical=True)
    if extended := [EXTENDED_USES[use] for use in uses if use in EXTENDED_USES]:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if subject_key_id or authority:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    if issuer_public_key is not None:
        named = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public_key)
        builder = builder.add_extension(named, critical=False)
    return builder.sign(issuer_key, _digest(issuer_key))


def load_request(pem: str) -> x509.CertificateSigningRequest:
    """A request that its own key has signed. Raises RefusalError if it is none."""
    try:
        request = x509.load_pem_x509_csr(pem.encode())
    except ValueError as error:
        raise RefusalError(f"failed to parse certificate request: {error}") from error
    if not request.is_signature_valid:
        raise RefusalError("the certificate request is not signed by its own key")
    return request


def load_certificate(pem: str) -> x509.Certificate:
    """A certificate. Raises RefusalError if it is none."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise RefusalError(f"failed to parse certificate: {error}") from error


def names_of(signed: x509.CertificateSigningRequest | x509.Certificate) -> list[x509.GeneralName]:
    """The alternative names of a request or certificate."""
    try:
        return list(signed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def pem_of(certificate: x509.Certificate) -> str:
    """PEM, ending in a newline."""
    return certificate.public_bytes(form.Encoding.PEM).decode()


def stamp(moment: dt.datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _digest(key: PrivateKey) -> Any:
    """Ed25519 hashes by itself."""
    return None if algorithm_of(key) == "ED25519" else hashes.SHA256()
