"""Objects around pods: the namespaces, Services and ConfigMaps of applications, and the provider that makes objects."""

from collections.abc import Iterator
from typing import Final

from guardrails.mechanism.documents import yaml_in
from guardrails.mechanism.objects import SERVICE, annotated, object_of
from guardrails.mechanism.rules import Judge, inputs
from guardrails.mechanism.shapes import Entry, known, listed, number, one_of, shape, table_in, text
from guardrails.mechanism.view import Outcome, View

_in = table_in(__name__)

ANNOTATIONS: Final[dict[str, Entry]] = {
    "pulumi.com/skipAwait": one_of(None, "true", "false"),
    "pulumi.com/waitFor": known,
    "pulumi.com/timeoutSeconds": known,
}
"""The annotations with an effect that applications' objects may have."""
NOTES: Final = annotated(_in("ANNOTATIONS"), ANNOTATIONS)

SERVICES: Final[dict[str, Entry]] = {
    "type": one_of(None, "ClusterIP", why="any other type opens a way past UFW or to another host"),
    "clusterIP": one_of(None, "None"),
    "selector": known,
    "ports": listed(
        {
            "name": known,
            "port": number(1, 65535),
            "targetPort": known,
            "protocol": one_of(None, "TCP", "UDP"),
            "appProtocol": known,
        },
        empty=False,
    ),
    "sessionAffinity": one_of(None, "None", "ClientIP"),
    **dict.fromkeys(("internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy", "publishNotReadyAddresses"), known),
}
"""The spec of a Service."""

KUBECONFIG: Final[dict[str, Entry]] = {
    "apiVersion": known,
    "kind": known,
    "preferences": known,
    "current-context": known,
    "contexts": known,
    "clusters": listed(
        {
            "name": known,
            "cluster": {
                "server": text(r"https://[^\s/@]+", "an https URL"),
                "certificate-authority-data": known,
            },
        },
        empty=False,
        most=1,
    ),
    "users": listed({"name": known, "user": {"client-certificate-data": known, "client-key-data": known}}, most=1),
}
"""The kubeconfig of the provider. Without `insecure-skip-tls-verify` it verifies the API server's certificate."""


def _kubeconfig(view: View) -> Iterator[Outcome]:
    return shape(_in("KUBECONFIG"), KUBECONFIG)(yaml_in(view, "kubeconfig", secret=True))


PROVIDER: Final[dict[str, Entry]] = {
    "kubeconfig": _kubeconfig,
    **dict.fromkeys(("version", "clusterIdentifier", "enableSecretMutable", "upsertExistingObjects"), known),
    "enableServerSideApply": one_of(None, "true", True),
}
"""The inputs of the Kubernetes provider."""

KINDS: Final = {
    **object_of("kubernetes:core/v1:Namespace", _in("KINDS"), {}, annotations=NOTES, namespaced=False),
    **object_of(
        "kubernetes:core/v1:ConfigMap",
        _in("KINDS"),
        {"data": known, "binaryData": known, "immutable": known},
        annotations=NOTES,
    ),
    **object_of(SERVICE, _in("SERVICES"), {"spec": SERVICES}, annotations=NOTES),
}
"""The kinds around pods, by API version. Kinds in no table of any subject are refused, such as RBAC and Gateway API."""

TYPES: Final[dict[str, Judge]] = {
    **KINDS,
    "pulumi:providers:kubernetes": inputs(shape(_in("PROVIDER"), PROVIDER)),
}
