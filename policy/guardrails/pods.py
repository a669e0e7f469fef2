"""Pods: nothing of the host's, no root, no privileges, for every kind of container."""

import re
from collections.abc import Iterator
from typing import Final

from .kubernetes import API, identity
from .model import Resource
from .rules import ResourceRule
from .view import Outcome, View, allow, attempt, demand, each, together

TRAEFIK: Final = ("kube-system", "traefik")
"""The one that may use the host's network."""
TRAEFIK_UID: Final = 65532
_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
_TEMPLATES: Final = {
    "core/v1:Pod": ("spec",),
    "core/v1:PodTemplate": ("template", "spec"),
    "core/v1:ReplicationController": ("spec", "template", "spec"),
    "apps/v1:Deployment": ("spec", "template", "spec"),
    "apps/v1:DaemonSet": ("spec", "template", "spec"),
    "apps/v1:StatefulSet": ("spec", "template", "spec"),
    "apps/v1:ReplicaSet": ("spec", "template", "spec"),
    "batch/v1:Job": ("spec", "template", "spec"),
    "batch/v1:CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
"""Where each kind keeps its pod's spec."""
_NO_HOST_PATH: Final = "opens the host's files to a pod; use another kind of volume"
_OLD_VERSIONS: Final = re.compile(r"/v1(alpha|beta)\d")
_UNSEEN: Final = re.compile(
    r"kubernetes:(helm\.sh/v\d:(Release|Chart)|helm\.cattle\.io/v1:HelmChart|yaml.*|kustomize.*)"
)


def _pod_kind(type_: str) -> str | None:
    """The kind in `_TEMPLATES` that a type token is, has a list of, or patches."""
    bare = re.sub(r"(List|Patch)$", "", type_.removeprefix(API))
    if bare not in _TEMPLATES:
        bare = _OLD_VERSIONS.sub("/v1", bare).replace("extensions/v1", "apps/v1")
    return bare if type_.startswith(API) and bare in _TEMPLATES else None


def _check(resource: Resource) -> Iterator[Outcome]:
    if _UNSEEN.fullmatch(resource.type):
        yield f"{resource.type} makes pods that no policy sees; register each object by itself"
        return
    kind = _pod_kind(resource.type) or ""
    whole = View(resource.plain)
    if resource.type.endswith("List"):
        yield from each(whole.at("items").items(), lambda item: _pod(item, kind))
    else:
        yield from _pod(whole, kind)


def _pod(body: View, kind: str) -> Iterator[Outcome]:
    spec = body.at(*_TEMPLATES[kind])
    traefik = identity(body) == TRAEFIK
    yield from _host(spec, traefik=traefik)
    yield from attempt(pod_context(spec.at("securityContext"), TRAEFIK_UID if traefik else None))
    yield from containers_of(spec, traefik=traefik)


def _host(spec: View, *, traefik: bool) -> Iterator[Outcome]:
    shared = ("hostPID", "hostIPC") if traefik else ("hostNetwork", "hostPID", "hostIPC")
    why = "is set; remove it: only Traefik in kube-system shares the host's network, and nobody its processes"
    yield from together(*(allow(spec.at(key), (None, False), why) for key in shared))
    yield from each(spec.at("volumes").items(), lambda volume: allow(volume.at("hostPath"), (None,), _NO_HOST_PATH))


def containers_of(spec: View, *, traefik: bool) -> Iterator[Outcome]:
    """Every container of a pod's spec, of whatever kind."""
    if not spec.at("containers").items():
        yield f"{spec.at('containers').path} is empty, so there is nothing to judge; a pod has containers"
    for group in _CONTAINERS:
        for container in spec.at(group).items():
            yield from attempt(container_context(container.at("securityContext"), spec.at("securityContext")))
            if not traefik:
                yield from each(container.at("ports").items(), _no_host_port)


def _no_host_port(port: View) -> Iterator[Outcome]:
    why = "goes past the host's firewall; remove it: only Traefik in kube-system has host ports"
    return allow(port.at("hostPort"), (None, 0), why)


def pod_context(context: View, uid: int | None) -> Iterator[Outcome]:
    """A pod's own security context.

    Args:
        context: Its place.
        uid: The user and group that it must run as; None for any but root.
    """
    yield from together(
        demand(context.at("runAsNonRoot"), True, "root in a container is root on the host"),
        _user(context.at("runAsUser"), uid),
        _user(context.at("runAsGroup"), uid),
    )


def _user(here: View, uid: int | None) -> Iterator[Outcome]:
    if uid is not None:
        yield from demand(here, uid, "an unprivileged identity that owns nothing on the host")
    elif type(here.value) is not int or here.value <= 0:
        yield f"{here.path} is {here.value!r}; set it to a fixed number above 0: left out, the image decides"


def container_context(context: View, pod: View) -> Iterator[Outcome]:
    """A container's security context, of whatever kind the container is.

    Args:
        context: Its place.
        pod: Its pod's context, from which the container inherits.
    """
    yield from together(
        demand(context.at("readOnlyRootFilesystem"), True, "nothing may be planted in the image"),
        demand(context.at("allowPrivilegeEscalation"), False, "setuid files must gain nothing"),
        _dropped(context.at("capabilities", "drop")),
        _added(context.at("capabilities", "add")),
        _seccomp(context.at("seccompProfile", "type"), pod.at("seccompProfile", "type")),
        allow(context.at("privileged"), (None, False), "is set; remove it: a privileged container is the host"),
        allow(context.at("procMount"), (None, "Default"), "unmasks the kernel's files; remove it"),
        allow(context.at("runAsNonRoot"), (None, True), "overrides the pod's; remove it or set it to True"),
        *(_inherited(context.at(key), pod.at(key)) for key in ("runAsUser", "runAsGroup")),
    )


def _inherited(own: View, pod: View) -> Iterator[Outcome]:
    return allow(own, (None, pod.value), f"is {own.value!r} and overrides the pod's {pod.value!r}; remove it")


def _dropped(capabilities: View) -> Iterator[Outcome]:
    if capabilities.value != ["ALL"]:
        yield f"{capabilities.path} is {capabilities.value!r}; set it to ['ALL']: no process needs the kernel's powers"


def _added(capabilities: View) -> Iterator[Outcome]:
    extra = [name for name in capabilities.texts() if name != "NET_BIND_SERVICE"]
    if extra:
        yield f"{capabilities.path} has {', '.join(extra)}; at most NET_BIND_SERVICE may be added"


def _seccomp(own: View, inherited: View) -> Iterator[Outcome]:
    """A container's profile counts before its pod's; with neither the kernel's calls are all open (Unconfined)."""
    in_force = own if own.value is not None else inherited
    if in_force.value not in ("RuntimeDefault", "Localhost"):
        found = "missing, which means Unconfined" if in_force.value is None else repr(in_force.value)
        yield f"{in_force.path} is {found}; set it to 'RuntimeDefault'"


PODS: Final = ResourceRule(
    name="pods-are-confined",
    description="Pods have no root, privileges or host namespaces; only Traefik in kube-system has the host's network.",
    types=lambda type_: _pod_kind(type_) is not None or _UNSEEN.fullmatch(type_) is not None,
    check=_check,
)
