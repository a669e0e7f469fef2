"""Every action that a workflow uses, and what it does on this machine. The runner refuses any other."""

import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.workflows.runner import Action

SETUP_INPUTS: Final = {"aws-role", "aws-region", "pulumi-organization"}


@dataclass(kw_only=True)
class Actions:
    """The actions, and the artifacts that they keep between jobs."""

    artifacts: dict[str, bytes] = field(default_factory=dict)

    @property
    def table(self) -> Mapping[str, Action]:
        """The function of each action, by its name without the commit."""
        return {
            "actions/checkout": checkout,
            "./.github/actions/setup": setup,
            "actions/upload-artifact": self.upload,
            "actions/download-artifact": self.download,
        }

    def upload(self, folder: Path, given: Mapping[str, str]) -> None:
        """Keep a folder as a ZIP archive."""
        assert given["if-no-files-found"] == "error"
        archive = shutil.make_archive(str(folder / ".github-runner" / given["name"]), "zip", folder / given["path"])
        self.artifacts[given["name"]] = Path(archive).read_bytes()

    def download(self, folder: Path, given: Mapping[str, str]) -> None:
        """Write the archive as it is, which is what skip-decompress asks for."""
        assert given["skip-decompress"] == "true", "the action itself must not unpack a stranger's archive"
        assert given["run-id"] == "77"
        assert given["github-token"]
        target = folder / given["path"]
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        (target / f"{given['name']}.zip").write_bytes(self.artifacts[given["name"]])

    def replace(self, name: str, files: Mapping[str, bytes]) -> None:
        """A stranger uploads something else."""
        place = Path(f"{name}.zip")
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, content in files.items():
                archive.writestr(file, content)
        self.artifacts[name] = place.read_bytes()
        place.unlink()


def checkout(folder: Path, given: Mapping[str, str]) -> None:
    """Do nothing: the checkout is there."""
    assert folder.is_dir()
    assert given["persist-credentials"] == "false"
    assert given.get("ref", "main") == "main", "only the default branch is named"


def setup(folder: Path, given: Mapping[str, str]) -> None:
    """Do nothing: environment and CLI are there. Without a role and an organization it signs in nowhere."""
    assert (folder / ".venv").exists()
    assert {*given} <= SETUP_INPUTS
    assert not any(given.values())
