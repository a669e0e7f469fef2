"""Pods: nothing of the host, no root, no privileges, in containers of every kind."""

from collections.abc import Iterator
from typing import Final

from .kubernetes import identity
from .rules import Judge, ResourceRule
from .shapes import fixed, holding, known, listed, maybe, number, one_of, shape
from .view import Check, Outcome, View, attempt, each

TRAEFIK: Final = ("kube-system", "traefik")
"""The only pod that may use the host's network."""
TRAEFIK_UID: Final = 65532
_HERE: Final = "policy/guardrails/pods.py"
_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")

_TEMPLATE: Final = ("spec", "template", "spec")
_SPECS: Final = {
    "kubernetes:core/v1:Pod": ("spec",),
    "kubernetes:apps/v1:Deployment": _TEMPLATE,
    "kubernetes:apps/v1:DaemonSet": _TEMPLATE,
    "kubernetes:apps/v1:StatefulSet": _TEMPLATE,
    "kubernetes:batch/v1:Job": _TEMPLATE,
    "kubernetes:batch/v1:CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
"""The kinds that create pods, and the path of the pod's spec in each."""

_ONLY_TRAEFIK: Final = "only Traefik in kube-system shares the host's network"
_IDENTITY: Final = "the image would decide the user, who may be root"
_PROFILES: Final = ("RuntimeDefault", "Localhost")

VOLUMES: Final = ("configMap", "secret", "emptyDir", "projected", "downwardAPI", "persistentVolumeClaim", "ephemeral")
"""The kinds of volumes that a pod may have; `hostPath` and network file systems are not among them."""

POD: Final = {
    **dict.fromkeys(_CONTAINERS, known),
    "securityContext": known,
    "volumes": listed(shape(f"VOLUMES in {_HERE}", {"name": known, **dict.fromkeys(VOLUMES, known)})),
    "hostPID": one_of(None, False, why="the host's processes are not a pod's"),
    "hostIPC": one_of(None, False, why="the host's memory is not a pod's"),
    "hostUsers": one_of(None, False, True),
    **dict.fromkeys(
        (
            "activeDeadlineSeconds",
            "affinity",
            "automountServiceAccountToken",
            "dnsConfig",
            "dnsPolicy",
            "enableServiceLinks",
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
"""The keys of a pod's spec, except `hostNetwork`."""

CONTAINER: Final = {
    "securityContext": known,
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
"""The keys of a container, except `ports`."""

_PORT: Final = {"name": known, "containerPort": known, "protocol": one_of(None, "TCP", "UDP")}


def _judge(path: tuple[str, ...]) -> Judge:
    return lambda resource: _pod(View(resource.plain), path)


def _pod(body: View, path: tuple[str, ...]) -> Iterator[Outcome]:
    spec = body.at(*path)
    traefik = identity(body) == TRAEFIK
    network = known if traefik else one_of(None, False, why=_ONLY_TRAEFIK)
    yield from attempt(shape(f"POD in {_HERE}", {**POD, "hostNetwork": network})(spec))
    yield from attempt(pod_context(spec.at("securityContext"), TRAEFIK_UID if traefik else None))
    port = known if traefik else one_of(None, 0, why=f"a host port bypasses UFW; {_ONLY_TRAEFIK}")
    ports = listed(shape(f"_PORT in {_HERE}", {**_PORT, "hostPort": port}))
    container = shape(f"CONTAINER in {_HERE}", {**CONTAINER, "ports": ports})
    if not spec.at("containers").items():
        yield f"{spec.at('containers').path} is empty; a pod must have a container"
    for group in _CONTAINERS:
        yield from each(spec.at(group).items(), container)
        for one in spec.at(group).items():
            yield from attempt(container_context(one.at("securityContext"), spec.at("securityContext")))


def pod_context(context: View, uid: int | None) -> Iterator[Outcome]:
    """Check the security context of a pod.

    Args:
        context: The security context.
        uid: The user and group that the pod must run as; None for any but root.
    """
    user = number(1, 2**31 - 1) if uid is None else fixed(uid, "an unprivileged identity that owns nothing on the host")
    return shape(
        f"pod_context in {_HERE}",
        {
            "runAsNonRoot": fixed(True, "root in a container is root on the host"),
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": maybe(number(1, 2**31 - 1)),
            "fsGroupChangePolicy": known,
            "seccompProfile": holding({"type": one_of(None, *_PROFILES)}),
        },
    )(context)


def container_context(context: View, pod: View) -> Iterator[Outcome]:
    """Check the security context of a container of any kind.

    Args:
        context: The security context.
        pod: The security context of its pod, from which the container inherits.
    """
    return shape(
        f"container_context in {_HERE}",
        {
            "readOnlyRootFilesystem": fixed(True, "nobody may change the image's files"),
            "allowPrivilegeEscalation": fixed(False, "setuid files must have no effect"),
            "capabilities": shape(
                f"container_context in {_HERE}",
                {
                    "drop": fixed(["ALL"], "no process needs the kernel's powers"),
                    "add": listed(one_of("NET_BIND_SERVICE")),
                },
            ),
            "privileged": one_of(None, False, why="a privileged container is the host"),
            "procMount": one_of(None, "Default", why="the kernel's files must stay masked"),
            "runAsNonRoot": one_of(None, True, why="it overrides the pod's"),
            "runAsUser": _inherited(pod),
            "runAsGroup": _inherited(pod),
            "seccompProfile": _seccomp(pod),
        },
    )(context)


def _inherited(pod: View) -> Check:
    def check(own: View) -> Iterator[Outcome]:
        key = own.path.rpartition(".")[2]
        if not own.missing and own.value != pod.at(key).value:
            yield f"{own.path} is {own.value!r} and overrides the pod's {pod.at(key).value!r}; remove it"

    return check


def _seccomp(pod: View) -> Check:
    """A container's profile overrides that of its pod. With neither, all calls of the kernel are open."""

    def check(own: View) -> Iterator[Outcome]:
        inherited = pod.at("seccompProfile")
        return one_of(*_PROFILES, why="without a profile all calls of the kernel are open")(
            (inherited if own.missing else own).at("type")
        )

    return check


RULES: Final = (
    ResourceRule(
        name="pods-are-confined",
        description="Pods have no root, no privileges and nothing of the host; only Traefik may have its network.",
        judges={type_: _judge(path) for type_, path in _SPECS.items()},
    ),
)
