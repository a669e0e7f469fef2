"""Pods of every kind, one field broken at a time in a container of every kind."""

from typing import Any

import pytest

from guardrails import UNKNOWN, Resource
from tests.policy.compliant import ABSENT, Path, manifest, pod_spec, put, resource, stack, with_property
from tests.policy.verdict import leaves, passes, refuses

RULE = "pods-are-confined"
GROUPS = ("containers", "initContainers", "ephemeralContainers")
KINDS: dict[str, Path] = {
    "core/v1:Pod": ("spec",),
    "core/v1:PodTemplate": ("template", "spec"),
    "core/v1:ReplicationController": ("spec", "template", "spec"),
    "apps/v1:Deployment": ("spec", "template", "spec"),
    "apps/v1:DaemonSet": ("spec", "template", "spec"),
    "apps/v1:StatefulSet": ("spec", "template", "spec"),
    "apps/v1:ReplicaSet": ("spec", "template", "spec"),
    "apps/v1beta2:Deployment": ("spec", "template", "spec"),
    "extensions/v1beta1:DaemonSet": ("spec", "template", "spec"),
    "batch/v1:Job": ("spec", "template", "spec"),
    "batch/v1:CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "batch/v1beta1:CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


def body(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object of a kind around a pod's spec."""
    found: dict[str, Any] = put(manifest(kind.rpartition(":")[2], "app", "thing"), KINDS[kind], spec)
    return found


def pod(kind: str, spec: dict[str, Any], suffix: str = "") -> list[Resource]:
    """The stack with one more pod-bearing object."""
    return [*stack(), resource(f"kubernetes:{kind}{suffix}", "thing", body(kind, spec))]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_object_that_bears_pods_is_judged(kind: str) -> None:
    passes(pod(kind, pod_spec()))
    refuses(pod(kind, {**pod_spec(), "hostNetwork": True}), RULE, "hostNetwork is set")


@pytest.mark.parametrize("kind", KINDS)
def test_a_patch_and_a_list_are_judged_like_the_object_itself(kind: str) -> None:
    bad = {**pod_spec(), "hostNetwork": True}
    refuses(pod(kind, bad, "Patch"), RULE, "hostNetwork is set")
    listed = resource(f"kubernetes:{kind}List", "things", {"items": [body(kind, pod_spec()), body(kind, bad)]})
    refuses([*stack(), listed], RULE, "items[1].")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("hostNetwork",), True, "hostNetwork is set; remove it"),
        (("hostPID",), True, "hostPID is set"),
        (("hostIPC",), True, "hostIPC is set"),
        (("volumes",), [{"name": "v", "hostPath": {"path": "/"}}], "hostPath opens the host's files"),
        (("securityContext", "runAsNonRoot"), ABSENT, "securityContext.runAsNonRoot is missing"),
        (("securityContext", "runAsUser"), 0, "securityContext.runAsUser is 0"),
        (("securityContext", "runAsUser"), ABSENT, "securityContext.runAsUser is None"),
        (("securityContext", "runAsGroup"), 0, "securityContext.runAsGroup is 0"),
        (("securityContext", "seccompProfile"), ABSENT, "missing, which means Unconfined"),
        (("securityContext", "seccompProfile", "type"), "Unconfined", "seccompProfile.type is 'Unconfined'"),
        (("securityContext",), ABSENT, "securityContext.runAsNonRoot is missing"),
        (("containers",), [], "containers is empty"),
        (("containers",), "all", "containers is of type str where a list must stand"),
    ],
)
def test_a_pod_has_nothing_of_its_host_and_no_root(path: Path, value: Any, says: str) -> None:
    refuses(pod("apps/v1:Deployment", put(pod_spec(), path, value)), RULE, says)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("securityContext",), ABSENT, "securityContext.readOnlyRootFilesystem is missing"),
        (("securityContext", "readOnlyRootFilesystem"), False, "readOnlyRootFilesystem is False"),
        (("securityContext", "allowPrivilegeEscalation"), ABSENT, "allowPrivilegeEscalation is missing"),
        (("securityContext", "capabilities"), ABSENT, "capabilities.drop is None"),
        (("securityContext", "capabilities", "add"), ["SYS_ADMIN"], "capabilities.add has SYS_ADMIN"),
        (("securityContext", "privileged"), True, "privileged is set"),
        (("securityContext", "procMount"), "Unmasked", "procMount unmasks"),
        (("securityContext", "runAsUser"), 0, "runAsUser is 0 and overrides the pod's"),
        (("securityContext", "runAsGroup"), 0, "runAsGroup is 0 and overrides the pod's"),
        (("securityContext", "runAsNonRoot"), False, "runAsNonRoot overrides the pod's"),
        (("securityContext", "seccompProfile"), {"type": "Unconfined"}, "seccompProfile.type is 'Unconfined'"),
        (("ports", 0, "hostPort"), 8000, "hostPort goes past the host's firewall"),
    ],
)
def test_containers_of_every_kind_have_no_privileges(group: str, path: Path, value: Any, says: str) -> None:
    broken = put(pod_spec(), (group, 0, *path), value)
    refuses(pod("apps/v1:Deployment", broken), RULE, says)
    refuses(pod("apps/v1:Deployment", broken), RULE, f"{group}[0].")


@pytest.mark.parametrize(("namespace", "name"), [("app", "traefik"), ("kube-system", "other"), (None, "traefik")])
def test_the_hosts_network_is_for_traefik_in_kube_system_only(namespace: str | None, name: str) -> None:
    spec = {"template": {"spec": {**pod_spec(65532), "hostNetwork": True}}}
    imposter = resource("kubernetes:apps/v1:DaemonSet", "imposter", manifest("DaemonSet", namespace, name, spec=spec))
    refuses([*stack(), imposter], RULE, "hostNetwork is set")


def test_traefik_itself_runs_as_nobody_but_65532() -> None:
    path = ("spec", "template", "spec", "securityContext", "runAsUser")
    refuses(with_property("DaemonSet", "traefik", path, 1000), RULE, "runAsUser is 1000; set it to 65532")


@pytest.mark.parametrize(
    "type_",
    [
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:helm.sh/v4:Chart",
        "kubernetes:helm.cattle.io/v1:HelmChart",
        "kubernetes:yaml/v2:ConfigFile",
        "kubernetes:kustomize/v2:Directory",
    ],
)
def test_what_makes_pods_out_of_sight_is_refused(type_: str) -> None:
    refuses([*stack(), resource(type_, "chart", {})], RULE, "makes pods that no policy sees")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("hostNetwork",), "spec.template.spec.hostNetwork"),
        (("containers",), "spec.template.spec.containers"),
        (("securityContext", "runAsUser"), "spec.template.spec.securityContext.runAsUser"),
        (
            ("initContainers", 0, "securityContext", "capabilities"),
            "spec.template.spec.initContainers[0].securityContext.capabilities",
        ),
    ],
)
def test_what_is_not_known_yet_is_left_aloud(path: Path, place: str) -> None:
    leaves(pod("apps/v1:Deployment", put(pod_spec(), path, UNKNOWN)), RULE, place)


def test_an_unknown_field_does_not_hide_its_neighbours() -> None:
    spec = put(pod_spec(), ("hostNetwork",), UNKNOWN)
    refuses(pod("apps/v1:Deployment", {**spec, "hostPID": True}), RULE, "hostPID is set")
    spec = put(pod_spec(), ("containers", 0, "securityContext", "privileged"), UNKNOWN)
    spec = put(spec, ("ephemeralContainers", 0, "securityContext", "privileged"), True)
    refuses(pod("apps/v1:Deployment", spec), RULE, "ephemeralContainers[0].securityContext.privileged is set")
