"""`new-stack`: a file that the program accepts, or one error and no file."""

import os
import pty
import select
import subprocess
import sys
import time
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import yaml

from components.config import StackConfig
from ops.stacks.creation import write_new
from ops.stacks.files import StackFile, all_in
from ops.stacks.loading import load
from ops.stacks.neighbours import free_network
from tests.ops.stacks.commands import FLAGS, Folder, flags

END_OF_INPUT = "\x04"
"""Ctrl-D."""


def config_of(folder: Folder, stack: str) -> StackConfig:
    return load(stack, StackFile.read(folder.file(stack)).values)


def refused(folder: Folder, *arguments: str) -> str:
    """Run a command that must be refused, and return its error. Nothing may have changed."""
    before = folder.snapshot()
    done = folder.ops("new-stack", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("error: ") == 1
    assert "Traceback" not in done.stderr
    assert folder.snapshot() == before
    return done.stderr


@pytest.mark.parametrize("servers", ["1", "3"])
def test_the_program_accepts_the_file_and_it_has_the_flags_values(folder: Folder, servers: str) -> None:
    done = folder.ops("new-stack", "demo", *flags(servers=servers), "--host", "demo-zone.com")
    assert (done.returncode, done.stderr) == (0, "")
    config = config_of(folder, "demo")
    assert config.zone == "demo-zone.com"
    assert len(config.servers) == int(servers)
    assert (config.location, config.server_type) == ("hel1", "cx23")
    assert [str(operator) for operator in config.operators] == ["198.18.0.10/32"]
    assert config.hosts == ["api.demo-zone.com", "demo-zone.com"]
    assert (config.routes[0].service, config.routes[0].port) == ("api", 8000)


def test_an_address_becomes_an_operator_without_a_look_up(folder: Folder) -> None:
    done = folder.ops("new-stack", "demo", *flags(operator=None), "--address", "9.9.9.9")
    assert done.returncode == 0, done.stderr
    assert [str(operator) for operator in config_of(folder, "demo").operators] == ["9.9.9.9/32"]


def test_dry_run_prints_the_file_that_would_be_written(folder: Folder) -> None:
    before = folder.snapshot()
    printed = folder.ops("new-stack", "demo", *flags(), "--dry-run")
    assert folder.snapshot() == before
    folder.ops("new-stack", "demo", *flags())
    assert printed.stdout == folder.file("demo").read_text()


def test_all_missing_flags_are_one_error(folder: Folder) -> None:
    error = refused(folder, "demo")
    assert error.count("\n") == 1
    for flag in FLAGS:
        assert flag in error
    assert "--port" not in refused(folder, "demo", "--port", "80")


def test_all_problems_are_one_error(folder: Folder) -> None:
    error = refused(
        folder,
        "demo",
        *flags(
            zone="Demo.test",
            server_type="cx99",
            operator="192.0.2.0/24",
            host="a.other.test",
            backend="ftp://state",
            secrets_provider="magic",
        ),
    )
    assert "6 problems; nothing was written" in error
    for words in ("honeydue:zone", "cx99", "RFC 5737", "outside the zone", "ftp://state", "magic"):
        assert words in error


def test_an_existing_file_is_never_overwritten(folder: Folder) -> None:
    assert "it exists, and is never overwritten" in refused(folder, "prod", *flags())


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.demo.yaml"
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        write_new(path, "theirs")
    assert path.read_text() == "mine"


def test_a_dangling_link_is_not_written_through(folder: Folder) -> None:
    folder.file("demo").symlink_to(folder.path / "elsewhere")
    done = folder.ops("new-stack", "demo", *flags())
    assert done.returncode == 2
    assert not (folder.path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["../demo", "Demo", "de.mo", "org/demo", "a" * 21, "-demo", ""])
def test_a_name_that_the_program_would_refuse_is_refused(folder: Folder, name: str) -> None:
    assert "at most 20 characters" in refused(folder, *flags(), "--", name)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"zone": "myhoneydue.com", "host": "new.myhoneydue.com"}, "Pulumi.prod.yaml has this zone"),
        ({"zone": "myhoneydue.com", "host": "api.myhoneydue.com"}, "Pulumi.prod.yaml has this host"),
        ({"network_range": "10.1.128.0/17"}, "Pulumi.staging.yaml uses 10.1.0.0/16"),
        ({"network_range": "10.7.0.1/16"}, "--network-range: 10.7.0.1/16 has host bits set"),
        ({"network_range": "255.255.255.255/32"}, "too small; use a /28 or larger"),
        ({"network_range": "9.9.9.0/28"}, "is not private"),
        ({"address": "10.0.0.1"}, "not a public address"),
        ({"address": "here"}, "not an IP address"),
        ({"backend": "s3://user:password@state"}, "must not contain a user or a password"),
        ({"backend": "s3://state\nconfig:"}, "not a backend"),
        ({"zone": "demo-zone.com\n  honeydue:teardown: true"}, "must be a lower-case DNS name"),
    ],
)
def test_one_mistake_is_refused_with_its_reason(folder: Folder, changes: dict[str, str], words: str) -> None:
    error = refused(folder, "demo", *flags(**changes))
    assert words in error
    assert "password@" not in error


def test_a_broken_neighbour_is_named(folder: Folder) -> None:
    folder.file("other").write_text("config: {honeydue:zone: x\n")
    assert "Pulumi.other.yaml: line 2: not YAML" in refused(folder, "demo", *flags())


def test_the_command_works_in_the_repositorys_folder_only(tmp_path: Path) -> None:
    assert "Pulumi.yaml: not in this folder" in refused(Folder(path=tmp_path), "demo", *flags())


def test_stacks_do_not_share_names_or_networks(folder: Folder) -> None:
    for number in range(4):
        zone = f"zone-{number}.com"
        done = folder.ops("new-stack", f"demo{number}", *flags(zone=zone, host=zone))
        assert done.returncode == 0, done.stderr
    new = [config_of(folder, f"demo{number}") for number in range(4)]
    names = [f"{config.prefix}{server.name}" for config in new for server in config.servers]
    assert len(names) == len(set(names)) == 12
    networks = [config.network_range for config in new] + [IPv4Network("10.0.0.0/16"), IPv4Network("10.1.0.0/16")]
    assert not [(one, two) for one in networks for two in networks if one is not two and one.overlaps(two)]


def test_a_free_network_avoids_the_pods_and_services(folder: Folder) -> None:
    """Whatever the name is, the network is one that the loader accepts."""
    others = all_in(folder.path)
    found = {free_network(f"demo{number}", others) for number in range(3000)}
    assert len(found) > 240
    assert not found & {IPv4Network(f"10.{number}.0.0/16") for number in (0, 1, 42, 43)}


@pytest.mark.parametrize(
    ("backend", "provider", "login", "expected"),
    [
        ("https://api.pulumi.com", None, "pulumi login https://api.pulumi.com", "default"),
        ("s3://state?region=a&awssdk=v2", None, "pulumi login 's3://state?region=a&awssdk=v2'", "passphrase"),
        ("file:///srv/my state", None, None, None),
        ("file://~/state", "default", "mkdir -p ~/state", "passphrase"),
        ("gs://state", "awskms://alias/key?region=a", "pulumi login gs://state", "'awskms://alias/key?region=a'"),
    ],
)
def test_the_next_commands_use_the_backend_and_the_provider(
    folder: Folder, backend: str, provider: str | None, login: str | None, expected: str | None
) -> None:
    done = folder.ops("new-stack", "demo", *flags(backend=backend, secrets_provider=provider))
    if login is None:
        assert done.returncode == 2
        assert "not a backend" in done.stderr
        return
    assert f"  {login}\n" in done.stdout
    assert f"  pulumi stack init demo --secrets-provider={expected}\n" in done.stdout
    for key in ("hcloud:token", "cloudflare:apiToken", "honeydue:adminUsers"):
        assert f"pulumi config set --stack demo --secret {key}\n" in done.stdout


def test_a_terminal_is_asked_for_what_is_missing(folder: Folder) -> None:
    """A pseudo-terminal answers the questions; an empty answer takes the proposal."""
    answers = [f"{answer}\n" for answer in ("demo-zone.com", "", "hel1", "cx23", "", "", "", "")]
    given = ["new-stack", "demo", "--address", "9.9.9.9"]
    shown, status = on_a_terminal(folder, given, answers)
    assert status == 0, shown
    assert "Cloudflare zone" in shown
    assert "[api.demo-zone.com]" in shown
    config = config_of(folder, "demo")
    assert (config.zone, len(config.servers), config.location) == ("demo-zone.com", 3, "hel1")
    assert config.hosts == ["api.demo-zone.com"]
    assert "https://api.pulumi.com" in folder.file("demo").read_text()


def test_nothing_is_written_if_the_questions_are_left(folder: Folder) -> None:
    before = folder.snapshot()
    _, status = on_a_terminal(folder, ["new-stack", "demo", "--address", "9.9.9.9"], ["demo-zone.com\n", END_OF_INPUT])
    assert status != 0
    assert folder.snapshot() == before


def on_a_terminal(folder: Folder, arguments: list[str], answers: list[str]) -> tuple[str, int]:
    """Run a command on a pseudo-terminal; answer each question once it is shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ops", *arguments],
        cwd=folder.path,
        env=folder.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, waiting, end = "", list(answers), time.monotonic() + 60
    try:
        while time.monotonic() < end:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                part = os.read(ours, 4096)
            except OSError:  # the process closed its end
                break
            if not part:
                break
            shown += part.decode()
            if waiting and shown.endswith(": "):
                os.write(ours, waiting.pop(0).encode())
        return shown, process.wait(timeout=30)
    finally:
        process.kill()
        process.wait(timeout=30)
        os.close(ours)


def test_the_file_has_a_comment_for_what_cannot_change(folder: Folder) -> None:
    folder.ops("new-stack", "demo", *flags())
    text = folder.file("demo").read_text()
    assert text.count("#") >= 8
    assert max(map(len, text.splitlines())) <= 120
    assert yaml.safe_load(text)["config"]["honeydue:k3sVersion"] == config_of(folder, "demo").k3s_version
