"""`ops ranges update`: a list that is valid and close to the trusted one is written, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.cloudflare_ranges import SNAPSHOT, snapshot
from sandbox.engine.layout import ROOT
from tests.ops.ranges.cloudflare_api import answer, serving

FOUR = [str(network) for network in snapshot().ipv4]
SIX = [str(network) for network in snapshot().ipv6]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A copy of the repository's snapshot."""
    return Path(shutil.copy(SNAPSHOT, tmp_path))


def update(base: str, file: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ops", "ranges", "update", "--file", str(file), *options],
        cwd=ROOT,
        env={**os.environ, "CLOUDFLARE_BASE_URL": base, "CLOUDFLARE_API_TOKEN": "not-for-this-request"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def updated(
    file: Path, ipv4: Sequence[str] = FOUR, ipv6: Sequence[str] = SIX, options: Sequence[str] = ()
) -> "subprocess.CompletedProcess[str]":
    with serving(answer(ipv4, ipv6)) as base:
        return update(base, file, *options)


def test_an_unchanged_list_leaves_the_file_as_it_is_byte_by_byte(file: Path) -> None:
    before = file.stat()
    done = updated(file, FOUR[::-1], SIX[::-1])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "The snapshot has the ranges that Cloudflare publishes.\n"
    assert file.read_bytes() == SNAPSHOT.read_bytes()
    assert file.stat().st_mtime_ns == before.st_mtime_ns


def test_a_changed_list_is_written_in_the_same_form_and_described(file: Path) -> None:
    done = updated(file, [*FOUR[1:], "104.28.0.0/16"], SIX)
    assert done.returncode == 0, done.stderr
    assert "  new range 104.28.0.0/16 (65,536 addresses)\n  withdrawn range 103.21.244.0/22\n" in done.stdout
    content = json.loads(file.read_text())
    assert content["ipv4"] == sorted([*FOUR[1:], "104.28.0.0/16"], key=lambda text: [*map(int, text[:-3].split("."))])
    assert content["ipv6"] == SIX
    assert content["date"] == datetime.now(UTC).strftime("%Y-%m")
    assert file.stat().st_mode & 0o777 == SNAPSHOT.stat().st_mode & 0o777
    assert list(file.parent.iterdir()) == [file], "a temporary file was left behind"
    before = {**json.loads(SNAPSHOT.read_text()), "date": content["date"]}
    back = updated(file)
    assert back.returncode == 0
    assert file.read_text() == json.dumps(before, indent=2) + "\n", "the form of the file changed"


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "reason"),
    [
        ([], SIX, "the IPv4 list is empty"),
        (FOUR[:7], SIX, "the IPv4 list shrank from 15 to 7 ranges"),
        ([*FOUR, "10.1.0.0/16"], SIX, "10.1.0.0/16 overlaps reserved space 10.0.0.0/8"),
        ([*FOUR, "8.0.0.0/7"], SIX, "8.0.0.0/7 is too broad"),
        ([*FOUR, "8.0.0.0/8"], SIX, "the IPv4 list grew to 12.0 times its addresses"),
        (FOUR, [*SIX, "2a10::/16"], "the IPv6 list grew to"),
        (FOUR, [*SIX, "fd00::/32"], "fd00::/32 overlaps reserved space fc00::/7"),
        ([*FOUR, *(f"9.9.{number}.0/24" for number in range(6))], SIX, "6 new ranges; at most 5"),
        ([range_ for range_ in FOUR if range_ not in ("104.16.0.0/13", "172.64.0.0/13")], SIX, "lost 6"),
        ([*FOUR, "104.16.0.1/13"], SIX, "'104.16.0.1/13' is not an address range"),
        ([*FOUR, "104.17.0.0/16"], SIX, "overlap"),
        ([f"9.{number >> 8}.{number & 255}.0/24" for number in range(5_000)], SIX, "a list has 5,000 ranges"),
    ],
)
def test_a_dangerous_list_is_refused_with_its_reason_and_nothing_is_written(
    file: Path, ipv4: list[str], ipv6: list[str], reason: str
) -> None:
    done = updated(file, ipv4, ipv6)
    assert done.returncode == 1
    assert reason in done.stdout
    assert file.read_bytes() == SNAPSHOT.read_bytes()


def test_check_compares_and_writes_nothing(file: Path) -> None:
    done = updated(file, FOUR[1:], SIX, ["--check", "--format", "markdown"])
    assert done.returncode == 1
    assert "\n\n- withdrawn range 103.21.244.0/22\n" in done.stdout
    assert file.read_bytes() == SNAPSHOT.read_bytes()
    assert updated(file, options=["--check"]).returncode == 0


def test_json_has_the_difference_for_programs(file: Path) -> None:
    done = updated(file, FOUR[1:], SIX, ["--format", "json"])
    found = json.loads(done.stdout)
    assert found == {"status": "updated", "added": [], "withdrawn": ["103.21.244.0/22"], "refusal": ""}


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ("{}", 200, "has no lists result.ipv4_cidrs and result.ipv6_cidrs"),
        ("<html>", 200, "the answer is not JSON"),
        (json.dumps({"errors": [{"message": "maintenance"}]}), 403, "HTTP status 403: maintenance"),
    ],
)
def test_an_answer_without_a_list_is_no_refusal_of_a_list(file: Path, body: str, status: int, reason: str) -> None:
    with serving(body, status) as base:
        done = update(base, file)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert file.read_bytes() == SNAPSHOT.read_bytes()


def test_a_snapshot_that_cannot_be_read_or_trusted_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "ranges.json"
    for text, reason in (("{}", "the keys ipv4 and ipv6"), ('{"ipv4": [], "ipv6": []}', "the IPv4 list is empty")):
        broken.write_text(text)
        done = updated(broken)
        assert done.returncode == 2
        assert reason in done.stderr
    assert "No such file or directory" in updated(tmp_path / "none.json").stderr
