"""A chart of the user's own: recognised, laid out, and rendered by Helm with k3s' values under ours."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.errors import SandboxError
from sandbox.k3s.node import helm
from sandbox.tools.charts import VARIABLE, given_chart, lay_out

SPEAKS = """#!/bin/sh
printf '%s\\n' "$@" >"$0.arguments"
cat "$HOME"/k3s.json >"$0.k3s"
cat "$HOME"/ours.json >"$0.ours"
cat <<'Y'
---
kind: DaemonSet
---
# nothing
---
kind: IngressClass
Y
"""


def packed(file: Path, *names: str) -> Path:
    """A tarball of empty files."""
    with tarfile.open(file, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return file


def program(tmp_path: Path, text: str) -> Path:
    """A helm that is made for the occasion."""
    file = tmp_path / "helm"
    file.write_text(text)
    file.chmod(0o755)
    return file


def test_without_the_variable_there_is_no_chart_and_an_old_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert given_chart() is None
    lay_out(packed(tmp_path / "t.tgz", "traefik/Chart.yaml"), tmp_path)
    assert (tmp_path / "charts" / "traefik.tgz").exists()
    lay_out(None, tmp_path)
    assert not (tmp_path / "charts" / "traefik.tgz").exists()


@pytest.mark.parametrize("kind", ["missing", "text", "other", "cut"])
def test_what_is_no_chart_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    file = tmp_path / "traefik.tgz"
    if kind == "text":
        file.write_text("no tarball")
    if kind == "cut":
        packed(file, *(f"traefik/{number}" for number in range(99)))
        file.write_bytes(file.read_bytes()[:-50])
    if kind == "other":
        packed(file, "readme")
    monkeypatch.setenv(VARIABLE, str(file))
    with pytest.raises(SandboxError, match=rf"{VARIABLE}: .*traefik\.tgz"):
        given_chart()


def test_helm_gets_k3s_values_first_and_ours_over_them(tmp_path: Path) -> None:
    found = program(tmp_path, SPEAKS)
    ours: dict[str, Any] = {"hostNetwork": True}
    items = helm.render(tmp_path / "traefik.tgz", ours, helm=found)
    assert [item["kind"] for item in items] == ["DaemonSet", "IngressClass"]
    words = (tmp_path / "helm.arguments").read_text().split()
    assert words[:3] == ["template", "traefik", str(tmp_path / "traefik.tgz")]
    values = [Path(words[place + 1]).name for place, word in enumerate(words) if word == "--values"]
    assert values == ["k3s.json", "ours.json"]
    assert json.loads((tmp_path / "helm.ours").read_text()) == ours
    assert json.loads((tmp_path / "helm.k3s").read_text())["priorityClassName"] == "system-cluster-critical"


def test_helms_own_words_are_told(tmp_path: Path) -> None:
    refusing = program(tmp_path, "#!/bin/sh\necho 'Error: hostPort must equal port' >&2\nexit 1\n")
    with pytest.raises(helm.HelmError, match="hostPort must equal port"):
        helm.render(tmp_path / "traefik.tgz", {}, helm=refusing)
