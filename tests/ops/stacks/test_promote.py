"""`promote`: what it shows, what it refuses, and what it does to the file."""

import json
import re
import stat
from typing import Any

import pytest
import yaml

from sandbox.engine.layout import ROOT
from tests.ops.stacks.commands import Folder
from tests.ops.stacks.written_files import ENCRYPTED


def change(folder: Folder, stack: str, old: str, new: str) -> None:
    """Replace a part of a stack file."""
    file = folder.file(stack)
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))


def add(folder: Folder, stack: str, lines: str) -> None:
    """Add lines at the end of a stack file."""
    with folder.file(stack).open("a") as file:
        file.write(lines)


def test_staging_has_nothing_that_production_lacks(folder: Folder) -> None:
    """The repository's own files. The server type differs on purpose, so it is shown and does not count."""
    done = folder.ops("promote", "staging", "prod", "--exit-code")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "nothing to promote from staging to prod"
    assert "server type cx33 -> cx23" in done.stdout
    assert "--key serverType" in done.stdout


def test_versions_are_first_and_each_difference_is_a_sentence(folder: Folder) -> None:
    add(
        folder,
        "staging",
        "      canary: {service: admin-next, weight: 5}\n"
        "    - {name: docs, hosts: [docs.honeydue-staging.com], service: docs, port: 80}\n"
        "  honeydue:minTlsVersion: '1.3'\n  honeydue:image: debian-13\n  honeydue:k3sVersion: v1.35.3+k3s1\n"
        "  honeydue:rateLimit: {average: 30}\n",
    )
    change(folder, "staging", "hosts: [api.honeydue-staging.com]", "hosts: [v2.honeydue-staging.com]")
    done = folder.ops("promote", "staging", "prod")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.strip() for line in done.stdout.splitlines()] == [
        "7 differences to promote from staging to prod",
        "k3s v1.34.6+k3s1 -> v1.35.3+k3s1, with the same Traefik; the nodes restart one after another",
        "image ubuntu-24.04 -> debian-13, when a server is created or replaced",
        "server type cx33 -> cx23, when a server is created or replaced (stays unless you add --key serverType)",
        "rate limit 20 requests per second (burst 40) -> 30 requests per second (burst 40)",
        "minimum TLS version 1.2 -> 1.3",
        "route honeydue-api: new hosts v2.myhoneydue.com",
        "route honeydue-admin: canary none -> 5 % to admin-next",
        "new route docs: docs.myhoneydue.com to docs:80",
    ]


def test_write_changes_a_value_and_nothing_else(folder: Folder) -> None:
    change(
        folder,
        "staging",
        "honeydue:originCertificate",
        "honeydue:k3sVersion: v1.35.3+k3s1\n  honeydue:originCertificate",
    )
    before, others = folder.file("prod").read_text(), folder.snapshot()
    folder.file("prod").chmod(0o640)
    done = folder.ops("promote", "staging", "prod", "--write")
    assert done.returncode == 0
    assert done.stderr == "changed Pulumi.prod.yaml; read the change with: git diff Pulumi.prod.yaml\n"
    assert folder.file("prod").read_text() == before.replace("v1.34.6+k3s1 #", "v1.35.3+k3s1 #")
    assert stat.S_IMODE(folder.file("prod").stat().st_mode) == 0o640
    assert {name for name, content in folder.snapshot().items() if content != others[name]} == {"Pulumi.prod.yaml"}
    again = folder.ops("promote", "staging", "prod", "--exit-code")
    assert again.returncode == 0, again.stdout


def test_exit_code_is_1_only_while_something_is_left(folder: Folder) -> None:
    add(folder, "staging", "  honeydue:image: debian-13\n")
    assert folder.ops("promote", "staging", "prod").returncode == 0
    assert folder.ops("promote", "staging", "prod", "--exit-code").returncode == 1
    assert folder.ops("promote", "staging", "prod", "--exit-code", "--key", "rateLimit").returncode == 0
    assert folder.ops("promote", "staging", "prod", "--exit-code", "--write").returncode == 0
    assert folder.ops("promote", "staging", "prod", "--exit-code").returncode == 0


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("v1.35.3+k3s1", "v1.33.10+k3s1", "one minor version at a time"),
        ("v1.33.10+k3s1", "v1.35.3+k3s1", "etcd refuses a downgrade"),
    ],
)
@pytest.mark.parametrize("write", [[], ["--write"]])
def test_a_k3s_version_that_the_program_would_refuse_is_refused(
    folder: Folder, source: str, target: str, words: str, write: list[str]
) -> None:
    add(folder, "staging", f"  honeydue:k3sVersion: {source}\n  honeydue:image: debian-13\n")
    change(folder, "prod", "v1.34.6+k3s1", target)
    before = folder.snapshot()
    done = folder.ops("promote", "staging", "prod", *write)
    assert done.returncode == 1
    refusal = done.stdout.splitlines()[1]
    assert refusal.startswith("REFUSED: honeydue:k3sVersion")
    assert words in refusal
    assert folder.snapshot() == before
    others = folder.ops("promote", "staging", "prod", "--key", "image", *write)
    assert others.returncode == 0, "the other keys can travel by themselves"


def test_an_upgrade_waits_for_a_replacement_to_end(folder: Folder) -> None:
    add(folder, "staging", "  honeydue:k3sVersion: v1.35.3+k3s1\n")
    add(folder, "prod", "  honeydue:replacing: hetzner2\n")
    done = folder.ops("promote", "staging", "prod", "--write")
    assert done.returncode == 1
    assert "REFUSED: honeydue:replacing" in done.stdout


def test_the_server_type_travels_on_request(folder: Folder) -> None:
    done = folder.ops("promote", "staging", "prod", "--key", "serverType", "--write")
    assert done.returncode == 0, done.stderr
    assert "honeydue:serverType: cx23\n" in folder.file("prod").read_text()


def test_a_result_that_the_program_refuses_is_one_error_and_no_change(folder: Folder) -> None:
    """The new route's host belongs to another route of production already."""
    add(folder, "staging", "    - {name: docs, hosts: [honeydue-staging.com], service: docs, port: 80}\n")
    before = folder.snapshot()
    done = folder.ops("promote", "staging", "prod", "--write")
    assert done.returncode == 2
    assert "each host may belong to one route only" in done.stderr
    assert done.stderr.count("error: ") == 1
    assert folder.snapshot() == before


def test_a_new_route_that_requires_certificates_stays_behind(folder: Folder) -> None:
    """Without its CAs, the route would be open."""
    pem = "-----BEGIN CERTIFICATE----- AAAA -----END CERTIFICATE-----"
    add(
        folder,
        "staging",
        "    - name: partners\n      hosts: [partners.honeydue-staging.com]\n      service: api\n      port: 80\n"
        f"      clientCertificates: ['{pem}']\n",
    )
    done = folder.ops("promote", "staging", "prod", "--write", "--exit-code")
    assert done.returncode == 0
    assert "note: route partners is only in staging and does not travel" in done.stdout
    assert "partners" not in folder.file("prod").read_text()


def test_a_route_a_class_and_a_host_are_never_removed(folder: Folder) -> None:
    classes = "ingressClasses:\n    - {name: traefik}\n    - {name: partners, requiredMiddlewares: "
    before = yaml.safe_load(folder.file("sandbox").read_text())["config"]["honeydue:routes"]
    change(folder, "staging", "name: honeydue-api", "name: new-api")
    change(folder, "staging", "[api.honeydue-staging.com]", "[new.honeydue-staging.com]")
    done = folder.ops("promote", "staging", "sandbox", "--write")
    assert done.returncode == 0, done.stderr
    assert "note: route sticky is only in sandbox and stays" in done.stdout
    after = yaml.safe_load(folder.file("sandbox").read_text())["config"]["honeydue:routes"]
    assert after[: len(before)] == before
    assert [route["hosts"] for route in after[len(before) :]] == [["new.sandbox.test"]]
    assert classes in folder.file("sandbox").read_text()


def test_encrypted_values_neither_travel_nor_appear(folder: Folder) -> None:
    theirs = "".join(f"  {key}:\n    secure: {ENCRYPTED}1\n" for key in ("hcloud:token", "honeydue:adminUsers"))
    ours = f"  hcloud:token:\n    secure: {ENCRYPTED}2\nencryptionsalt: v1:salt\n"
    add(folder, "staging", f"{theirs}  honeydue:image: debian-13\n")
    add(folder, "prod", ours)
    for form in ("terminal", "markdown", "json"):
        done = folder.ops("promote", "staging", "prod", "--write", "--format", form)
        assert done.returncode == 0, done.stderr
        assert "secure" not in done.stdout + done.stderr
        assert "v1:" not in done.stdout + done.stderr
    text = folder.file("prod").read_text()
    assert text.endswith(ours.replace("encryptionsalt", "  honeydue:image: debian-13\nencryptionsalt"))
    assert f"{ENCRYPTED}1" not in text
    assert "adminUsers:" not in text.partition("config:")[2]


def test_an_encrypted_setting_is_refused_without_its_value(folder: Folder) -> None:
    change(folder, "staging", "zone: honeydue-staging.com", f"zone: {{secure: '{ENCRYPTED}'}}")
    done = folder.ops("promote", "staging", "prod")
    assert done.returncode == 2
    assert "honeydue:zone is encrypted" in done.stderr
    assert ENCRYPTED not in done.stderr


def test_a_secret_in_plain_text_is_refused_without_its_value(folder: Folder) -> None:
    add(folder, "staging", f"  hcloud:token: {'a1' * 32}\n")
    done = folder.ops("promote", "staging", "prod")
    assert done.returncode == 2
    assert "stored in plain text" in done.stderr
    assert "a1a1" not in done.stderr


def test_a_linked_file_stays_a_link(folder: Folder) -> None:
    add(folder, "staging", "  honeydue:image: debian-13\n")
    folder.file("prod").rename(folder.path / "elsewhere.yaml")
    folder.file("prod").symlink_to("elsewhere.yaml")
    assert folder.ops("promote", "staging", "prod", "--write").returncode == 0
    assert folder.file("prod").is_symlink()
    assert "debian-13" in (folder.path / "elsewhere.yaml").read_text()


def test_json_has_keys_values_and_whether_they_travel(folder: Folder) -> None:
    add(folder, "staging", "  honeydue:image: debian-13\n")
    found: dict[str, Any] = json.loads(folder.ops("promote", "staging", "prod", "--format", "json").stdout)
    assert (found["from"], found["to"], found["refused"]) == ("staging", "prod", [])
    assert [(each["key"], each["before"], each["after"], each["travels"]) for each in found["differences"]] == [
        ("image", "ubuntu-24.04", "debian-13", True),
        ("serverType", "cx33", "cx23", False),
    ]


def test_markdown_is_a_heading_and_a_list(folder: Folder) -> None:
    add(folder, "staging", "  honeydue:image: debian-13\n")
    text = folder.ops("promote", "staging", "prod", "--format", "markdown").stdout
    assert text.startswith("## 1 difference to promote from staging to prod\n\n- image ubuntu-24.04 -> debian-13")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere", "prod"], ["Pulumi.nowhere.yaml: no such file", "prod, sandbox, staging"]),
        (["../prod", "prod"], ["at most 20 characters"]),
        (["prod", "prod"], ["the same stack"]),
        (["staging", "prod", "--key", "zone"], ["never travels: each stack has a zone of its own", "k3sVersion"]),
        (["staging", "prod", "--key", "nonsense"], ["is not a key", "k3sVersion"]),
        (["broken", "prod"], ["Pulumi.broken.yaml", "`config` is missing"]),
        (["twice", "prod"], ["Pulumi.twice.yaml", "config.honeydue:zone is there twice"]),
        (["short", "prod"], ["Pulumi.short.yaml", "config key 'zone' has no namespace"]),
        (["binary", "prod"], ["Pulumi.binary.yaml: it is not UTF-8 text"]),
    ],
)
def test_a_mistake_is_one_error_with_status_2(folder: Folder, arguments: list[str], words: list[str]) -> None:
    folder.file("binary").write_bytes(b"\xff\xfe\x00")
    if arguments[0] != "nowhere":
        folder.file("broken").write_text("[]\n")
        folder.file("twice").write_text("config:\n  honeydue:zone: a.com\n  honeydue:zone: b.com\n")
        folder.file("short").write_text("config:\n  zone: a.com\n")
    else:
        folder.file("binary").unlink()
    before = folder.snapshot()
    done = folder.ops("promote", *arguments, "--write")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr
    assert folder.snapshot() == before


@pytest.mark.parametrize("command", ["new-stack", "promote"])
def test_help_has_examples_and_exit_statuses(folder: Folder, command: str) -> None:
    done = folder.ops(command, "--help")
    assert done.returncode == 0
    for part in ("Examples", f"python -m ops {command}", "Exit status"):
        assert part in done.stdout


def test_the_documentation_has_the_table_of_keys() -> None:
    """docs/environments.md names every key of the table under what happens to it."""
    from ops.stacks.travel import ROUTE, SETTINGS, Travel  # noqa: PLC0415 - beside the text that it is compared with

    text = (ROOT / "docs" / "environments.md").read_text()
    rows = {
        row[1].strip(): set(re.findall(r"`(\w+)`", row[2]))
        for row in re.finditer(r"^\| ([^|]+?) \| ([^|]+) \|", text, re.MULTILINE)
    }
    titles = {
        Travel.VERSION: "Copied, shown first",
        Travel.BEHAVIOUR: "Copied",
        Travel.ON_REQUEST: "Copied only with `--key`",
        Travel.NEVER: "Never copied",
    }
    for travel, title in titles.items():
        assert rows[title] == {key for key, rule in SETTINGS.items() if rule.travel is travel}
        if travel in (Travel.BEHAVIOUR, Travel.NEVER):
            assert rows[f"{title}, of a route"] == {key for key, rule in ROUTE.items() if rule.travel is travel}
