"""Private keys in every spelling that the tls provider gives them."""

import base64
import hashlib
from typing import Any, Final

from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from sandbox.providers.refusal import RefusalError
from sandbox.providers.resource import Plain

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

ALGORITHMS: Final = ("RSA", "ECDSA", "ED25519")
CURVES: Final[dict[str, type[ec.EllipticCurve]]] = {
    "P224": ec.SECP224R1,
    "P256": ec.SECP256R1,
    "P384": ec.SECP384R1,
    "P521": ec.SECP521R1,
}
_PUBLIC_EXPONENT: Final = 65537


def new_key(algorithm: str, curve: str, bits: int) -> PrivateKey:
    """A key of this algorithm; curve and bits count for ECDSA and RSA."""
    if algorithm == "ED25519":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "ECDSA":
        return ec.generate_private_key(CURVES[curve]())
    return rsa.generate_private_key(_PUBLIC_EXPONENT, bits)


def load_key(pem: str) -> PrivateKey:
    """A private key from PEM, of whichever form. Raises RefusalError if it is none."""
    try:
        load = form.load_ssh_private_key if "OPENSSH" in pem else form.load_pem_private_key
        key = load(pem.encode(), password=None)
    except (TypeError, ValueError) as error:
        raise RefusalError(f"failed to parse private key: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise RefusalError(f"failed to parse private key: {type(key).__name__} is of no known algorithm")
    return key


def algorithm_of(key: Any) -> str:
    """How the tls provider calls a key's algorithm."""
    if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        return "RSA"
    return "ECDSA" if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) else "ED25519"


def public_openssh(key: PrivateKey) -> str:
    """`ssh-…` without a newline; empty for a curve that SSH does not know."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP224R1):
        return ""
    return key.public_key().public_bytes(form.Encoding.OpenSSH, form.PublicFormat.OpenSSH).decode()


def spellings(key: PrivateKey) -> Plain:
    """All outputs of a PrivateKey resource. Those for OpenSSH end in a newline, as the real ones do."""
    plain = form.NoEncryption()
    old = form.PrivateFormat.PKCS8 if algorithm_of(key) == "ED25519" else form.PrivateFormat.TraditionalOpenSSL
    public = public_openssh(key)
    blob = base64.b64decode(public.split()[1]) if public else b""
    md5 = hashlib.md5(blob).hexdigest()  # noqa: S324 - the format of a fingerprint
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).rstrip(b"=").decode()
    openssh = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, plain).decode() if public else ""
    return {
        "privateKeyPem": key.private_bytes(form.Encoding.PEM, old, plain).decode(),
        "privateKeyPemPkcs8": key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, plain).decode(),
        "privateKeyOpenssh": openssh,
        "publicKeyPem": public_pem(key),
        "publicKeyOpenssh": f"{public}\n" if public else "",
        "publicKeyFingerprintMd5": ":".join(md5[place : place + 2] for place in range(0, 32, 2)) if public else "",
        "publicKeyFingerprintSha256": f"SHA256:{sha256}" if public else "",
    }


def public_pem(owner: Any) -> str:
    """The public half of a key, or a certificate's key, in PEM."""
    pem: bytes = owner.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def identity(data: str | bytes) -> str:
    """The id that the tls provider gives: a SHA-1."""
    raw = data.encode() if isinstance(data, str) else data
    return hashlib.sha1(raw).hexdigest()  # noqa: S324 - the real provider's choice
