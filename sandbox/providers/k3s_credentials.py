"""Kubeconfigs: that of a recorded cluster, with a CA and a certificate really signed, and what any of them holds."""

import base64
from typing import Any, Final

import yaml

_YEARS: Final = 365 * 24


def new_authority() -> dict[str, str]:
    """A cluster's CA certificate, and certificate and key of its administrator, in PEM."""
    from cryptography import x509  # noqa: PLC0415 - a plugin that makes no cluster starts faster without it
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    from sandbox.providers.tls_certificates import new_certificate, pem_of  # noqa: PLC0415
    from sandbox.providers.tls_keys import spellings  # noqa: PLC0415

    def name(text: str, *more: x509.NameAttribute[str]) -> x509.Name:
        return x509.Name([*more, x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    key, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = new_certificate(
        subject=name("k3s-server-ca"),
        public_key=key.public_key(),
        names=[],
        issuer=name("k3s-server-ca"),
        issuer_key=key,
        uses=["digital_signature", "key_encipherment", "cert_signing"],
        hours=10 * _YEARS,
        authority=True,
    )
    administrator = new_certificate(
        subject=name("system:admin", x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "system:masters")),
        public_key=own.public_key(),
        names=[],
        issuer=authority.subject,
        issuer_key=key,
        uses=["digital_signature", "key_encipherment", "client_auth"],
        hours=_YEARS,
        authority=False,
    )
    return {"ca": pem_of(authority), "certificate": pem_of(administrator), "key": spellings(own)["privateKeyPem"]}


def kubeconfig(authority: dict[str, str]) -> str:
    """As k3s writes it to /etc/rancher/k3s/k3s.yaml: for the node itself."""
    blobs = {key: base64.b64encode(text.encode()).decode() for key, text in authority.items()}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "clusters": [
                {
                    "cluster": {"certificate-authority-data": blobs["ca"], "server": "https://127.0.0.1:6443"},
                    "name": "default",
                }
            ],
            "contexts": [{"context": {"cluster": "default", "user": "default"}, "name": "default"}],
            "current-context": "default",
            "kind": "Config",
            "preferences": {},
            "users": [
                {
                    "name": "default",
                    "user": {"client-certificate-data": blobs["certificate"], "client-key-data": blobs["key"]},
                }
            ],
        },
        sort_keys=True,
    )


def access(config: str) -> dict[str, str]:
    """Server, CA, client certificate and its key of a kubeconfig's current context; empty texts for what it lacks.

    Raises:
        ValueError: when it is no kubeconfig.
    """
    try:
        document: Any = yaml.safe_load(config)
        named = {kind: {item["name"]: item for item in document.get(f"{kind}s") or []} for kind in ("cluster", "user")}
        contexts = {item["name"]: item["context"] for item in document.get("contexts") or []}
        context = contexts[document["current-context"]]
        cluster = named["cluster"][context["cluster"]]["cluster"]
        user = named["user"].get(context.get("user"), {"user": {}})["user"]
    except (AttributeError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ValueError(f"not a kubeconfig: {error}") from error
    return {
        "server": str(cluster.get("server", "")),
        "ca": _decoded(cluster.get("certificate-authority-data")),
        "certificate": _decoded(user.get("client-certificate-data")),
        "key": _decoded(user.get("client-key-data")),
    }


def _decoded(blob: Any) -> str:
    return base64.b64decode(str(blob)).decode(errors="replace") if blob else ""
