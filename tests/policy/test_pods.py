"""Pods of every kind, one field broken at a time, in containers of every kind."""

from typing import Any

import pytest

from guardrails import UNKNOWN, Resource
from tests.policy.compliant import ABSENT, Path, manifest, pod_spec, put, resource, stack
from tests.policy.verdict import leaves, passes, refuses

RULE = "pods-are-confined"
GROUPS = ("containers", "initContainers", "ephemeralContainers")
KINDS: dict[str, Path] = {
    "core/v1:Pod": ("spec",),
    "apps/v1:Deployment": ("spec", "template", "spec"),
    "apps/v1:DaemonSet": ("spec", "template", "spec"),
    "apps/v1:StatefulSet": ("spec", "template", "spec"),
    "batch/v1:Job": ("spec", "template", "spec"),
    "batch/v1:CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


def body(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """An object of a kind around a pod's spec."""
    found: dict[str, Any] = put(manifest(kind.rpartition(":")[2], "app", "thing"), KINDS[kind], spec)
    return found


def pod(kind: str, spec: dict[str, Any], suffix: str = "") -> list[Resource]:
    """The stack with one more object that creates pods."""
    return [*stack(), resource(f"kubernetes:{kind}{suffix}", "thing", body(kind, spec))]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_object_that_creates_pods_is_judged(kind: str) -> None:
    passes(pod(kind, pod_spec()))
    refuses(pod(kind, {**pod_spec(), "hostNetwork": True}), RULE, "hostNetwork is True")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", ["Patch", "List"])
def test_a_patch_or_a_list_is_of_an_unknown_type(kind: str, suffix: str) -> None:
    refuses(pod(kind, pod_spec(), suffix), "every-type-is-known", f"{kind}{suffix} is not known here")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("hostNetwork",), True, "hostNetwork is True; leave it out or use False: no pod of the stack"),
        (("hostPID",), True, "hostPID is True"),
        (("hostIPC",), True, "hostIPC is True"),
        (
            ("volumes",),
            [{"name": "v", "hostPath": {"path": "/"}}],
            "volumes[0].hostPath is not known here; add it to VOLUMES in policy/guardrails/pods/workloads.py",
        ),
        (("securityContext", "runAsNonRoot"), ABSENT, "securityContext.runAsNonRoot is missing"),
        (("securityContext", "runAsUser"), 0, "securityContext.runAsUser is 0"),
        (("securityContext", "runAsUser"), ABSENT, "securityContext.runAsUser is missing"),
        (("securityContext", "runAsGroup"), 0, "securityContext.runAsGroup is 0"),
        (("securityContext", "seccompProfile"), ABSENT, "seccompProfile.type is missing"),
        (("securityContext", "seccompProfile", "type"), "Unconfined", "seccompProfile.type is 'Unconfined'"),
        (("securityContext",), ABSENT, "securityContext.runAsNonRoot is missing"),
        (("containers",), [], "containers is empty"),
        (("containers",), "all", "containers is of type str, but must be a list"),
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
        (("securityContext", "capabilities"), ABSENT, "capabilities.drop is missing"),
        (("securityContext", "capabilities", "add"), ["SYS_ADMIN"], "capabilities.add[0] is 'SYS_ADMIN'"),
        (("securityContext", "privileged"), True, "privileged is True"),
        (("securityContext", "procMount"), "Unmasked", "procMount is 'Unmasked'"),
        (("securityContext", "runAsUser"), 0, "runAsUser is 0 and overrides the pod's"),
        (("securityContext", "runAsGroup"), 0, "runAsGroup is 0 and overrides the pod's"),
        (
            ("securityContext", "runAsNonRoot"),
            False,
            "runAsNonRoot is False; leave it out or use True: it overrides the pod's",
        ),
        (("securityContext", "seccompProfile"), {"type": "Unconfined"}, "seccompProfile.type is 'Unconfined'"),
        (("ports", 0, "hostPort"), 8000, "hostPort is 8000; leave it out or use 0: a host port bypasses UFW"),
    ],
)
def test_containers_of_every_kind_have_no_privileges(group: str, path: Path, value: Any, says: str) -> None:
    broken = put(pod_spec(), (group, 0, *path), value)
    refuses(pod("apps/v1:Deployment", broken), RULE, says)
    refuses(pod("apps/v1:Deployment", broken), RULE, f"{group}[0].")


@pytest.mark.parametrize(("namespace", "name"), [("app", "traefik"), ("kube-system", "traefik"), (None, "traefik")])
def test_no_pod_of_the_stack_has_the_hosts_network(namespace: str | None, name: str) -> None:
    spec = {"template": {"spec": {**pod_spec(65532), "hostNetwork": True}}}
    imposter = resource("kubernetes:apps/v1:DaemonSet", "imposter", manifest("DaemonSet", namespace, name, spec=spec))
    refuses([*stack(), imposter], RULE, "hostNetwork is True")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (("shareProcessNamespace",), "shareProcessNamespace is not known here; add it to POD in"),
        (("runtimeClassName",), "runtimeClassName is not known here"),
        (("containers", 0, "volumeDevices"), "volumeDevices is not known here; add it to CONTAINER in"),
        (("securityContext", "sysctls"), "sysctls is not known here; add it to CONTEXT in"),
        (("containers", 0, "securityContext", "seLinuxOptions"), "seLinuxOptions is not known here"),
    ],
)
def test_a_key_that_is_not_known_is_refused(path: Path, says: str) -> None:
    refuses(pod("apps/v1:Deployment", put(pod_spec(), path, "x")), RULE, says)


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
def test_an_unknown_value_is_reported(path: Path, place: str) -> None:
    leaves(pod("apps/v1:Deployment", put(pod_spec(), path, UNKNOWN)), RULE, place)


def test_an_unknown_field_does_not_hide_its_neighbours() -> None:
    spec = put(pod_spec(), ("hostNetwork",), UNKNOWN)
    refuses(pod("apps/v1:Deployment", {**spec, "hostPID": True}), RULE, "hostPID is True")
    spec = put(pod_spec(), ("containers", 0, "securityContext", "privileged"), UNKNOWN)
    spec = put(spec, ("ephemeralContainers", 0, "securityContext", "privileged"), True)
    refuses(pod("apps/v1:Deployment", spec), RULE, "ephemeralContainers[0].securityContext.privileged is True")
