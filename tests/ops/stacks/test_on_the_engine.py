"""A file of `new-stack` on the real engine, with the policies, on the sandbox's clouds."""

import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.engine import secrets
from sandbox.engine.find import Engine
from tests.checkout import Checkout, copy_repository
from tests.ops.stacks.commands import flags


def content(folder: Path) -> dict[Path, bytes]:
    """Return every file below a folder."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def checkout(engine: Engine, tmp_path: Path) -> Checkout:
    """A copy of the repository without a stack."""
    return Checkout(folder=copy_repository(tmp_path / "checkout"), engine=engine, home=tmp_path / "sandbox")


def test_the_printed_commands_lead_to_a_preview_that_writes_nothing_to_the_backend(checkout: Checkout) -> None:
    done = checkout.run("python", "-m", "ops", "new-stack", "demo", *flags(backend="file:///unused"))
    file = checkout.folder / "Pulumi.demo.yaml"
    written = file.read_text()
    generated = secrets.generate(checkout.layout, "demo", secrets.known()).values
    backend = Path(urlsplit(checkout.environment["PULUMI_BACKEND_URL"]).path)
    previews = []
    for line in done.stdout.splitlines():
        words = shlex.split(line.rpartition("|")[2])
        if words[:3] == ["pulumi", "stack", "init"]:
            checkout.run(*words)
        elif words[:3] == ["pulumi", "config", "set"]:
            checkout.run(*words, stdin=generated[words[-1]])
        elif words[:2] == ["pulumi", "preview"]:
            before = content(backend)
            previews.append(checkout.run(*words).stdout)
    assert file.read_text().count("secure:") == 3
    assert file.read_text().startswith(written), "the CLI changed the comments or the order"
    (preview,) = previews
    assert "hetzner3" in preview
    assert "honeydue@v" in preview, "the pack was not run"
    assert before, "the stack has no state"
    assert content(backend) == before
