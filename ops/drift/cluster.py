"""The nodes of the cluster against the servers of the state, and Traefik against the catalogue."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from components.chart_values import DIGEST_ANNOTATION
from components.traefik import NAMESPACE
from components.versions import K3S_RELEASES
from ops.drift.findings import Finding, Subject
from ops.drift.state import Server, State
from ops.preview.redaction import redact_text

_NODES: Final = "sudo -n k3s kubectl --request-timeout=20s get nodes -o json"
_TRAEFIK: Final = (
    f"sudo -n k3s kubectl --request-timeout=20s -n {NAMESPACE} get daemonset traefik --ignore-not-found -o json"
)
_CHART_LABEL: Final = "helm.sh/chart"
_HELM: Final = f"`kubectl -n {NAMESPACE} logs job/helm-install-traefik` shows what Helm did; k3s brings chart and image"


def compare_cluster(
    state: State, plane: Server, run: Callable[[str, str], str], unreached: set[str]
) -> Iterator[Finding]:
    """Yield the differences of the nodes and of Traefik.

    Args:
        state: The servers and the digest of Traefik's values.
        plane: The control plane that is asked.
        run: Runs a command with a text on stdin there.
        unreached: The servers whose own check did not take place; only their nodes' state is reported here.

    Raises:
        ValueError: If the API's answer has another form.
    """
    try:
        nodes = {node["metadata"]["name"]: node for node in json.loads(run(_NODES, ""))["items"]}
        yield from _nodes(state, nodes, unreached)
        yield from _traefik(state, plane, json.loads(run(_TRAEFIK, "") or "{}"))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"an answer of kubectl has another form: {error!r}") from error


def _nodes(state: State, nodes: Mapping[str, Any], unreached: set[str]) -> Iterator[Finding]:
    joined = {server.name: server for server in state.servers if server.k3s}
    for name in sorted(set(joined) - set(nodes)):
        yield _node(
            name,
            "the cluster has no node of this name",
            f"`pulumi up --policy-pack policy --replace '**::{name}-k3s*'` joins it",
        )
    for name in sorted(set(nodes) - set(joined)):
        text = redact_text(name)
        yield _node(text, "the cluster has a node that is no server of the stack", f"`kubectl delete node {text}`")
    for name in sorted(set(joined) & set(nodes) & unreached):
        status = nodes[name]["status"]
        ready = [each for each in status.get("conditions", []) if each["type"] == "Ready"]
        if not ready or ready[0]["status"] != "True":
            yield _node(name, "its node is not Ready", "check the server, or replace it (honeydue:replacing)")
        running, wanted = status["nodeInfo"]["kubeletVersion"], str((joined[name].k3s or {}).get("version"))
        if running != wanted:
            yield _node(name, f"its node runs {redact_text(running)}, not {wanted}", "run `make up`")


def _traefik(state: State, plane: Server, daemonset: Mapping[str, Any]) -> Iterator[Finding]:
    if not daemonset:
        yield _differs("the cluster has no DaemonSet traefik", _HELM)
        return
    metadata, pod, status = daemonset["metadata"], daemonset["spec"]["template"]["spec"], daemonset.get("status") or {}
    version = str((plane.k3s or {}).get("version"))
    release = K3S_RELEASES.get(version)
    if release is None:
        yield Finding(
            subject=Subject.TRAEFIK,
            where="the cluster",
            what=f"components/versions.py has no release {version}, so the expected Traefik is not known",
            remedy="check out the version of the repository that made the last update",
            checked=False,
        )
    else:
        chart = str(metadata.get("labels", {}).get(_CHART_LABEL))
        wanted = f"traefik-{release.chart.replace('+', '_')}"  # a label cannot contain a plus sign
        if chart != wanted:
            yield _differs(f"the chart is {redact_text(chart)}, not {wanted}", _HELM)
        images = [str(container["image"]) for container in pod["containers"] if container["name"] == "traefik"]
        tags = {image.partition("@")[0].rpartition(":")[2].removeprefix("v") for image in images}
        if tags != {release.traefik}:
            shown = redact_text(", ".join(images)) or "missing"
            yield _differs(f"Traefik's image is {shown}, not release {release.traefik}", _HELM)
    digest = str(metadata.get("annotations", {}).get(DIGEST_ANNOTATION, "none"))
    if state.values_digest and digest != state.values_digest:
        yield _differs(f"Traefik runs with the values {redact_text(digest)}, not {state.values_digest}", _HELM)
    wanted_pods = status.get("desiredNumberScheduled", 0)
    available, updated = status.get("numberAvailable", 0), status.get("updatedNumberScheduled", 0)
    if not wanted_pods == available == updated or not wanted_pods:
        numbers = f"of {wanted_pods} pods, {updated} are up to date and {available} are available"
        yield _differs(numbers, f"`kubectl -n {NAMESPACE} get pods -o wide`; look at the pods that are missing")


def _node(where: str, what: str, remedy: str) -> Finding:
    return Finding(subject=Subject.K3S, where=where, what=what, remedy=remedy)


def _differs(what: str, remedy: str) -> Finding:
    return Finding(subject=Subject.TRAEFIK, where="the cluster", what=what, remedy=remedy)
