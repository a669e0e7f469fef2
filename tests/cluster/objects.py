"""Objects that the tests put before an API server, and what they call it with."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.providers.kubernetes_api import Api, identity_of
from sandbox.providers.kubernetes_kinds import KINDS
from sandbox.providers.refusal import RefusalError

KIND = {kind.kind: kind for kind in KINDS}
URN = "urn:pulumi:test::honeydue::kubernetes:core/v1:Secret::it"


def manifest(kind: str, namespace: str, name: str = "it", **body: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": KIND[kind].api_version, "kind": kind, "metadata": metadata, **body}


def secret(namespace: str, **values: str) -> dict[str, Any]:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return manifest("Secret", namespace, type="Opaque", data=data)


def ingress(namespace: str, service: str = "web", class_name: str = "nobodys") -> dict[str, Any]:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    rule = {"host": "example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    return manifest("Ingress", namespace, spec={"ingressClassName": class_name, "rules": [rule]})


def middleware(namespace: str, **headers: Any) -> dict[str, Any]:
    return manifest("Middleware", namespace, spec={"headers": headers})


def create(api: Api, wanted: dict[str, Any], *, upsert: bool = False) -> dict[str, Any]:
    return api.create(KIND[wanted["kind"]], wanted, URN, upsert=upsert)


def apply(api: Api, wanted: dict[str, Any]) -> dict[str, Any]:
    return api.apply(KIND[wanted["kind"]], identity_of(wanted), wanted)


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(RefusalError) as caught:
        call()
    return str(caught.value)
