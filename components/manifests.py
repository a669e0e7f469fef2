"""Create Kubernetes objects from plain manifests.

Manifests are data, which tests can read. The provider gets them unchanged, because the SDK's typed arguments silently
drop a misspelt key, and because its core types alone take longer to import than the rest of the program.
"""

from importlib.metadata import version
from typing import Any, Final

import pulumi

TRAEFIK_API: Final = "traefik.io/v1alpha1"

Manifest = dict[str, Any]


def manifest(api_version: str, kind: str, namespace: str | None, name: str, **body: Any) -> Manifest:
    """Return a manifest. `annotations` become part of its metadata; all other keywords are its body."""
    metadata: Manifest = {"name": name}
    if namespace is not None:
        metadata["namespace"] = namespace
    annotations = body.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


def register(name: str, body: Manifest, opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """Register a manifest as a resource of its kind. The data of a Secret is secret in the state and in previews."""
    api_version, kind = body["apiVersion"], body["kind"]
    group = api_version if "/" in api_version else f"core/{api_version}"
    provider = pulumi.ResourceOptions(version=version("pulumi_kubernetes"))
    if kind == "Secret":
        body = {**body, "stringData": pulumi.Output.secret(body["stringData"])}
        provider.additional_secret_outputs = ["data", "stringData"]
    return pulumi.CustomResource(f"kubernetes:{group}:{kind}", name, body, pulumi.ResourceOptions.merge(opts, provider))
