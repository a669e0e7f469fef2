"""The cluster's keys and certificates, made by OpenSSL: an authority, and what it signs for one node."""

import base64
import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

SHARED = ("ca.crt", "ca.key", "service-account.key", "encryption.json")
"""What all control planes have in common."""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def new_authority(folder: Path) -> None:
    """What a cluster begins with: its CA, the key that signs service accounts' tokens, and the one of its secrets."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = ["-x509", "-subj", "/CN=k3s-server-ca", "-days", "3650"]
    _openssl("req", *authority, *_KEY, "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.crt")
    _openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", f"{folder}/service-account.key")
    key = {"name": "aescbckey", "secret": base64.b64encode(secrets.token_bytes(32)).decode()}
    encryption = {
        "kind": "EncryptionConfiguration",
        "apiVersion": "apiserver.config.k8s.io/v1",
        "resources": [{"resources": ["secrets"], "providers": [{"aescbc": {"keys": [key]}}, {"identity": {}}]}],
    }
    write(folder / "encryption.json", json.dumps(encryption))


def shared(folder: Path) -> dict[str, str]:
    """What another control plane needs, by file."""
    return {name: (folder / name).read_text() for name in SHARED}


def serving(folder: Path, name: str, addresses: Sequence[str], names: Sequence[str]) -> Path:
    """The certificate that a server shows."""
    alternatives = ",".join([*[f"IP:{address}" for address in addresses], *[f"DNS:{name}" for name in names]])
    return _signed(folder, name, "/CN=k3s", f"extendedKeyUsage=serverAuth\nsubjectAltName={alternatives}\n")


def client(folder: Path, name: str, user: str, group: str = "") -> Path:
    """The certificate that somebody shows to the API."""
    subject = f"/O={group}/CN={user}" if group else f"/CN={user}"
    return _signed(folder, name, subject, "extendedKeyUsage=clientAuth\n")


def write(file: Path, text: str) -> None:
    """A file for its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text)


def kubeconfig(server: str, authority: Path, certificate: Path) -> str:
    """As k3s writes them, JSON being YAML too."""
    user = {
        "client-certificate-data": _blob(certificate),
        "client-key-data": _blob(certificate.with_suffix(".key")),
    }
    return _kubeconfig(server, authority, user)


def token_kubeconfig(server: str, authority: Path, token: str) -> str:
    """The same for one who has but a token."""
    return _kubeconfig(server, authority, {"token": token})


def _kubeconfig(server: str, authority: Path, user: dict[str, str]) -> str:
    cluster = {"server": server, "certificate-authority-data": _blob(authority)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "default", "cluster": cluster}],
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
        "current-context": "default",
        "preferences": {},
        "users": [{"name": "default", "user": user}],
    }
    return json.dumps(content, indent=1)


def _signed(folder: Path, name: str, subject: str, extensions: str) -> Path:
    made, request = folder / f"{name}.crt", folder / f"{name}.csr"
    _openssl("req", "-new", "-subj", subject, *_KEY, "-keyout", f"{folder}/{name}.key", "-out", str(request))
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as file:
        file.write(extensions)
        file.flush()
        serial = ["-set_serial", str(secrets.randbits(63)), "-days", "365", "-extfile", file.name]
        authority = ["-CA", f"{folder}/ca.crt", "-CAkey", f"{folder}/ca.key"]
        _openssl("x509", "-req", "-in", str(request), *authority, *serial, "-out", str(made))
    request.unlink()
    return made


def _blob(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


def _openssl(*words: str) -> None:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60, check=False, umask=0o077)
    if done.returncode:
        raise RuntimeError(f"openssl {words[0]}: {done.stderr.strip()[-300:]}")
