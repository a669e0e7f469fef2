"""What the real servers run beside Debian's own packages: Traefik, the Kubernetes API on kine, and kubectl."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sandbox.engine.voice import Voice
from sandbox.tools.building import build
from sandbox.tools.source import Source

_HERE: Final = Path(__file__).resolve().parent
_KUBERNETES_VERSION: Final = "k8s.io/component-base/version"

TRAEFIK: Final = Source(
    folder=_HERE / "traefik",
    origin="github.com/traefik/traefik/v3",
    binaries=("traefik",),
    variables={"github.com/traefik/traefik/v3/pkg/version.Version": "{version}"},
)
KUBERNETES: Final = Source(
    folder=_HERE / "kubernetes",
    origin="k8s.io/kubernetes",
    binaries=("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"),
    variables={
        f"{_KUBERNETES_VERSION}.gitVersion": "v{version}",
        f"{_KUBERNETES_VERSION}.gitMajor": "{version.major}",
        f"{_KUBERNETES_VERSION}.gitMinor": "{version.minor}",
    },
)
KINE: Final = Source(
    folder=_HERE / "kine",
    origin="github.com/k3s-io/kine",
    binaries=("kine",),
    variables={"github.com/k3s-io/kine/pkg/version.Version": "v{version}"},
)

HELM: Final = Source(
    folder=_HERE / "helm",
    origin="helm.sh/helm/v3",
    binaries=("helm",),
    variables={"helm.sh/helm/v3/internal/version.version": "v{version}"},
)
"""Built only where there is a chart to render."""
VEGETA: Final = Source(
    folder=_HERE / "vegeta",
    origin="github.com/tsenart/vegeta/v12",
    binaries=("vegeta",),
    variables={"main.Version": "v{version}"},
)
"""Built only by the bench, as its load."""
ACTIONLINT: Final = Source(folder=_HERE / "actionlint", origin="github.com/rhysd/actionlint", binaries=("actionlint",))
"""Built only by `make check`, which checks the workflows with it."""

SOURCES: Final = (TRAEFIK, KUBERNETES, KINE, HELM, VEGETA, ACTIONLINT)
"""The longest build first, so that it does not end up alone."""


CLUSTER: Final = (*KUBERNETES.binaries, *KINE.binaries)
"""What an API server takes to run, and kubectl."""
SERVERS: Final = (*CLUSTER, *TRAEFIK.binaries)
"""What real servers run."""


def ensure(names: Sequence[str], tools: Path, voice: Voice) -> dict[str, Path]:
    """The executables of these names in `tools`/bin, where what is missing is built first, side by side.

    Raises SandboxError when one can't be built, and ValueError for a name that no module makes.
    """
    if unknown := sorted({*names} - {binary for source in SOURCES for binary in source.binaries}):
        raise ValueError(f"no module makes {', '.join(unknown)}")
    wanted = [source for source in SOURCES if {*names} & {*source.binaries}]
    missing = [source for source in wanted if not source.stands(tools)]
    if missing:
        build(missing, tools, voice)
    return {name: source.executable(tools, name) for source in wanted for name in source.binaries if name in names}
