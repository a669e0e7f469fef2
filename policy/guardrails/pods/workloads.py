"""Objects that create pods: nothing of the host, no root, no privileges, in containers of every kind."""

from collections.abc import Iterator
from typing import Final

from guardrails.mechanism.objects import NAME, annotated, object_of
from guardrails.mechanism.rules import ResourceRule
from guardrails.mechanism.shapes import Entry, fixed, known, listed, maybe, number, one_of, shape, table_in
from guardrails.mechanism.view import Check, Outcome, View, attempt, each

from .objects import NOTES
from .objects import TYPES as AROUND

_in = table_in(__name__)
_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
_HOSTS: Final = "no pod of the stack shares the host's network"
_PROFILE: Final = one_of("RuntimeDefault", why="without a profile all calls of the kernel are open")
_USER: Final = number(1, 2**31 - 1)

VOLUMES: Final = ("configMap", "secret", "emptyDir", "projected", "downwardAPI", "persistentVolumeClaim", "ephemeral")
"""The kinds of volumes that a pod may have; `hostPath` and network file systems are not among them."""

CONTEXT: Final[dict[str, Entry]] = {
    "runAsNonRoot": fixed(True, "root in a container is root on the host"),
    "runAsUser": _USER,
    "runAsGroup": _USER,
    "fsGroup": maybe(_USER),
    "fsGroupChangePolicy": known,
    "supplementalGroups": listed(_USER),
    "seccompProfile": maybe({"type": _PROFILE}),
    "appArmorProfile": maybe({"type": one_of("RuntimeDefault")}),
}
"""The security context of a pod."""

CONTAINER_CONTEXT: Final[dict[str, Entry]] = {
    "readOnlyRootFilesystem": fixed(True, "nobody may change the image's files"),
    "allowPrivilegeEscalation": fixed(False, "setuid files must have no effect"),
    "capabilities": {
        "drop": fixed(["ALL"], "no process needs the kernel's powers"),
        "add": listed(one_of("NET_BIND_SERVICE")),
    },
    "privileged": one_of(None, False, why="a privileged container is the host"),
    "procMount": one_of(None, "Default", why="the kernel's files must stay masked"),
    "runAsNonRoot": one_of(None, True, why="it overrides the pod's"),
    "appArmorProfile": maybe({"type": one_of("RuntimeDefault")}),
}
"""The security context of a container, except what it may repeat from its pod's."""

POD: Final[dict[str, Entry]] = {
    **dict.fromkeys(_CONTAINERS, known),
    "volumes": listed(shape(_in("VOLUMES"), {"name": known, **dict.fromkeys(VOLUMES, known)})),
    "hostNetwork": one_of(None, False, why=_HOSTS),
    "hostPID": one_of(None, False, why="the host's processes are not a pod's"),
    "hostIPC": one_of(None, False, why="the host's memory is not a pod's"),
    **dict.fromkeys(
        (
            "activeDeadlineSeconds",
            "affinity",
            "automountServiceAccountToken",
            "dnsConfig",
            "dnsPolicy",
            "enableServiceLinks",
            "hostAliases",
            "hostUsers",
            "hostname",
            "imagePullSecrets",
            "nodeSelector",
            "preemptionPolicy",
            "restartPolicy",
            "serviceAccountName",
            "subdomain",
            "terminationGracePeriodSeconds",
            "tolerations",
            "topologySpreadConstraints",
        ),
        known,
    ),
}
"""The spec of a pod, except its `securityContext`."""

CONTAINER: Final[dict[str, Entry]] = {
    "ports": listed(
        {
            "name": known,
            "containerPort": known,
            "protocol": one_of(None, "TCP", "UDP"),
            "hostPort": one_of(None, 0, why=f"a host port bypasses UFW; {_HOSTS}"),
        }
    ),
    **dict.fromkeys(
        (
            "args",
            "command",
            "env",
            "envFrom",
            "image",
            "imagePullPolicy",
            "lifecycle",
            "livenessProbe",
            "name",
            "readinessProbe",
            "resizePolicy",
            "resources",
            "restartPolicy",
            "startupProbe",
            "targetContainerName",
            "terminationMessagePath",
            "terminationMessagePolicy",
            "volumeMounts",
            "workingDir",
        ),
        known,
    ),
}
"""A container, except its `securityContext`."""


def _pod(spec: View) -> Iterator[Outcome]:
    context = spec.at("securityContext")
    yield from attempt(shape(_in("POD"), {**POD, "securityContext": pod_context})(spec))
    if not spec.at("containers").items():
        yield f"{spec.at('containers').path} is empty; a pod must have a container"
    container = shape(_in("CONTAINER"), {**CONTAINER, "securityContext": lambda view: container_context(view, context)})
    for group in _CONTAINERS:
        yield from attempt(each(spec.at(group).items(), container))


def pod_context(context: View, uid: int | None = None) -> Iterator[Outcome]:
    """Check the security context of a pod.

    Args:
        context: The security context.
        uid: The user and group that the pod must run as; None for any but root.
    """
    user = _USER if uid is None else fixed(uid, "an unprivileged identity that owns nothing on the host")
    return shape(_in("CONTEXT"), {**CONTEXT, "runAsUser": user, "runAsGroup": user})(context)


def container_context(context: View, pod: View) -> Iterator[Outcome]:
    """Check the security context of a container of any kind.

    Args:
        context: The security context.
        pod: The security context of its pod, from which the container inherits.
    """

    def inherited(own: View) -> Iterator[Outcome]:
        key = own.path.rpartition(".")[2]
        if not own.missing and own.value != pod.at(key).value:
            yield f"{own.path} is {own.value!r} and overrides the pod's {pod.at(key).value!r}; remove it"

    def profiled(own: View) -> Iterator[Outcome]:
        return shape(own.table, {"type": _PROFILE})(pod.at("seccompProfile") if own.missing else own)

    more: dict[str, Check] = {"runAsUser": inherited, "runAsGroup": inherited, "seccompProfile": profiled}
    return shape(_in("CONTAINER_CONTEXT"), {**CONTAINER_CONTEXT, **more})(context)


TEMPLATE: Final[dict[str, Entry]] = {
    "metadata": {
        "name": maybe(NAME),
        "namespace": known,
        "labels": known,
        "annotations": annotated(_in("TEMPLATE"), {}),
    },
    "spec": _pod,
}
"""A pod inside another object."""

JOB: Final[dict[str, Entry]] = {
    "template": TEMPLATE,
    **dict.fromkeys(
        (
            "activeDeadlineSeconds",
            "backoffLimit",
            "completionMode",
            "completions",
            "parallelism",
            "podFailurePolicy",
            "selector",
            "suspend",
            "ttlSecondsAfterFinished",
        ),
        known,
    ),
}
"""The spec of a Job."""

_ROLLOUT: Final = ("minReadySeconds", "revisionHistoryLimit", "selector")
WORKLOADS: Final[dict[str, Entry]] = {
    "core/v1:Pod": _pod,
    "apps/v1:Deployment": {
        "template": TEMPLATE,
        **dict.fromkeys((*_ROLLOUT, "paused", "progressDeadlineSeconds", "replicas", "strategy"), known),
    },
    "apps/v1:DaemonSet": {"template": TEMPLATE, **dict.fromkeys((*_ROLLOUT, "updateStrategy"), known)},
    "apps/v1:StatefulSet": {
        "template": TEMPLATE,
        **dict.fromkeys(
            (
                *_ROLLOUT,
                "ordinals",
                "persistentVolumeClaimRetentionPolicy",
                "podManagementPolicy",
                "replicas",
                "serviceName",
                "updateStrategy",
                "volumeClaimTemplates",
            ),
            known,
        ),
    },
    "batch/v1:Job": JOB,
    "batch/v1:CronJob": {
        "jobTemplate": {"metadata": TEMPLATE["metadata"], "spec": JOB},
        **dict.fromkeys(
            (
                "concurrencyPolicy",
                "failedJobsHistoryLimit",
                "schedule",
                "startingDeadlineSeconds",
                "successfulJobsHistoryLimit",
                "suspend",
                "timeZone",
            ),
            known,
        ),
    },
}
"""The kinds that create pods, each with its spec. All others are refused, as are patches and lists."""

_KINDS: Final = [
    object_of(f"kubernetes:{token}", _in("WORKLOADS"), {"spec": spec}, annotations=NOTES)
    for token, spec in WORKLOADS.items()
]

RULES: Final = (
    ResourceRule(
        name="pods-are-confined",
        description="Pods have no root, no privileges and nothing of the host, and no Service opens a way past UFW.",
        judges={**AROUND, **{type_: judge for kind in _KINDS for type_, judge in kind.items()}},
    ),
)
