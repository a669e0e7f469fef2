"""The CRDs that come with Go modules, with a go that is made for the occasion."""

import json
from pathlib import Path

import pytest

from sandbox.engine.errors import SandboxError
from sandbox.tools import crds
from tests.unit.fake_go import Go, Heard


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Go:
    return Go(tmp_path / "path", monkeypatch)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    return tmp_path / "tools"


@pytest.fixture
def modules(go: Go, tmp_path: Path) -> Path:
    """A go that has the modules with the CRDs at hand; gives the folder of what they hold."""
    roots = tmp_path / "modules"
    for name, (source, place) in crds.FILES.items():
        file = roots / source.name / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"kind: CustomResourceDefinition # {name}\n")
    go.does(
        f'echo "$(basename "$PWD") $*" >> "$GO_SAW"; printf \'{{"Dir": "%s"}}\' "{roots}/$(basename "$PWD")"; '
        '[ "$1 $2" = "mod download" ]'
    )
    return roots


@pytest.mark.usefixtures("modules")
def test_the_crds_are_copied_once(go: Go, tools: Path) -> None:
    heard = Heard()
    found = crds.definitions(tools, heard)
    assert found == {name: f"kind: CustomResourceDefinition # {name}\n" for name in crds.FILES}
    assert {item.name for item in (tools / "crds").iterdir()} == {*crds.FILES, "stamp"}
    assert len(heard.said) == 1
    assert crds.definitions(tools, heard) == found
    assert len(go.saw.read_text().splitlines()) == 2, "each module is asked for once"
    (tools / "crds" / "stamp").write_text("of other sources")
    crds.definitions(tools, heard)
    assert len(go.saw.read_text().splitlines()) == 4, "CRDs of another version must not pass for the pinned ones"


def test_a_module_without_the_crds_is_told(modules: Path, tools: Path) -> None:
    source, place = crds.FILES["traefik.io.yaml"]
    (modules / source.name / place).unlink()
    with pytest.raises(SandboxError, match=r"kubernetes-crd-definition-v1\.yml can't be read"):
        crds.definitions(tools, Heard())
    assert not (tools / "crds" / "stamp").exists()


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (f"echo '{json.dumps({'Error': 'no such version'})}'; exit 1", "no such version"),
        ("echo 'checksum mismatch' >&2; exit 1", "checksum mismatch"),
        ("echo nonsense", "helm-controller|traefik"),
        ("exit 1", "without a word"),
    ],
)
def test_a_module_that_is_not_to_be_had_is_told_in_gos_words(go: Go, tools: Path, script: str, told: str) -> None:
    go.does(script)
    with pytest.raises(SandboxError, match=told):
        crds.definitions(tools, Heard())
