"""The recovery document: everything that exists only in the state, kept on each control plane.

After the state was lost, `python -m ops import` reads the document and finds everything else in the clouds and in the
cluster (docs/adr/0014). The document contains private keys and tokens. It is a file that only root can read, because
root on a control plane is root on every node anyway. It is no Secret of the cluster, because Traefik may read those.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi

from components.digests import digest
from components.node import Node
from components.ssh import Script, run

COMMAND: Final = "command:remote:Command"
CERTIFICATE_REQUEST: Final = "tls:index/certRequest:CertRequest"
_CERTIFICATE: Final = ("cert_pem", "ready_for_renewal", "validity_end_time", "validity_start_time")
KEPT: Final[Mapping[str, tuple[str, ...]]] = {
    COMMAND: (),
    "random:index/randomId:RandomId": ("b64_std", "b64_url", "dec", "hex"),
    "random:index/randomPassword:RandomPassword": ("bcrypt_hash", "result"),
    "tls:index/privateKey:PrivateKey": (
        "private_key_openssh",
        "private_key_pem",
        "private_key_pem_pkcs8",
        "public_key_fingerprint_md5",
        "public_key_fingerprint_sha256",
        "public_key_openssh",
        "public_key_pem",
    ),
    CERTIFICATE_REQUEST: ("cert_request_pem", "key_algorithm"),
    "tls:index/selfSignedCert:SelfSignedCert": ("key_algorithm", *_CERTIFICATE),
    "tls:index/locallySignedCert:LocallySignedCert": ("ca_key_algorithm", *_CERTIFICATE),
    "cloudflare:index/authenticatedOriginPullsCertificate:AuthenticatedOriginPullsCertificate": (),
}
"""Types that no provider can read back from a cloud, each with the outputs that are neither inputs nor constants.

An output that can be null must not be listed: a preview takes null for unknown, so every preview would show the
document as changed. Source: the schemas of the Terraform providers behind the plugins.
"""
FORMAT: Final = 1
"""The version of the document's format."""


def is_kept(kind: str, name: str) -> bool:
    """Return whether the document holds a resource, given its type and name.

    It does not hold the request of the origin certificate, which changes with every host and has no use once Cloudflare
    has signed it. So a new host needs no connection to a server. Nor does it hold the commands that write it.
    """
    return (
        kind in KEPT
        and not (kind == CERTIFICATE_REQUEST and name.startswith("origin-"))
        and not (kind == COMMAND and name.endswith("-recovery"))
    )


class Keeper:
    """Notes each resource that exists only in the state, as the program creates it."""

    def __init__(self) -> None:
        self._noted: Final[dict[str, tuple[pulumi.CustomResource, Mapping[str, Any]]]] = {}

    @classmethod
    def watch(cls) -> "Keeper":
        """Return a keeper that notes all resources from now on, so that a new key cannot be forgotten."""
        keeper = cls()
        pulumi.runtime.register_stack_transformation(keeper._note)
        return keeper

    def document(self) -> pulumi.Output[str]:
        """Return the document of all resources so far, as JSON. It is known once all of them exist."""
        resources = {key: _entry(key, *noted) for key, noted in self._noted.items()}
        return pulumi.Output.secret(
            pulumi.Output.all(**resources).apply(
                lambda known: json.dumps({"format": FORMAT, "resources": known}, indent=1, sort_keys=True)
            )
        )

    def _note(self, args: pulumi.ResourceTransformationArgs) -> None:
        if is_kept(args.type_, args.name) and isinstance(args.resource, pulumi.CustomResource):
            self._noted[f"{args.type_}::{args.name}"] = (args.resource, args.props)


class Recovery(pulumi.ComponentResource):
    """The document on each control plane. It is written last, because it depends on all that it contains."""

    def __init__(
        self, name: str, nodes: Sequence[Node], document: pulumi.Output[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("honeydue:index:Recovery", name, None, opts)
        for node in nodes:
            if node.settings.role == "server":
                run(
                    f"{node.settings.name}-recovery",
                    node.reachable,
                    Script(program="recovery", verb="keep"),
                    stdin=document,
                    triggers=[node.server_id],
                    opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
                )
        self.register_outputs({})


def _entry(key: str, resource: pulumi.CustomResource, inputs: Mapping[str, Any]) -> pulumi.Output[dict[str, Any]]:
    """Return the id of a resource, a digest of its inputs, and its outputs by their names in the state.

    A digest does not cover a command's connection: the same program may run through another control plane. Of what
    commands print, only kubeconfigs are used again.
    """
    kind, _, name = key.rpartition("::")
    given = {part: value for part, value in inputs.items() if value is not None and part != "connection"}
    computed = ("stdout",) if kind == COMMAND and name.endswith("-kubeconfig") else KEPT[kind]
    outputs = {_camel_case(part): pulumi.get(resource, part) for part in computed}
    return pulumi.Output.all(
        id=resource.id,
        inputs=pulumi.Output.from_input(given).apply(_digest),
        outputs=pulumi.Output.from_input(outputs),
    )


def _digest(inputs: Any) -> str:
    """Return the SHA-256 of the inputs' canonical JSON."""
    return digest(json.dumps(inputs, sort_keys=True), 64)


def _camel_case(name: str) -> str:
    """Return the property's name in the state: `private_key_pem` is `privateKeyPem`."""
    return re.sub(r"_(\w)", lambda letter: letter[1].upper(), name)
