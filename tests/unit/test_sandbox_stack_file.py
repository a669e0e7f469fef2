"""A stack file on its way into the sandbox: what is copied, what is generated, what is refused."""

import base64
import hashlib
import json
import stat
from pathlib import Path

import pytest
import yaml

from sandbox.engine import secrets
from sandbox.engine.errors import SandboxError
from sandbox.engine.layout import ROOT, Layout
from sandbox.engine.stack_file import OPERATORS_KEY, StackFile
from sandbox.nodes.fabric import LAPTOP_RANGES
from sandbox.nodes.laptop import addresses


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tools=tmp_path / "tools", home=tmp_path / "home")


def written(tmp_path: Path, content: object, name: str = "Pulumi.trial.yaml") -> Path:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def copied(layout: Layout, stack: str) -> dict[str, object]:
    text = (layout.stacks / stack / f"Pulumi.{stack}.yaml").read_text()
    content: dict[str, object] = yaml.safe_load(text)
    return content


@pytest.mark.parametrize(
    ("name", "given", "stack"),
    [
        ("Pulumi.prod.yaml", None, "prod"),
        ("Pulumi.my-stack.yml", None, "my-stack"),
        ("other.yaml", None, "sandbox"),
        ("Pulumi.prod.yaml", "mine", "mine"),
    ],
)
def test_the_stack_is_named_by_its_file_unless_told_otherwise(
    tmp_path: Path, name: str, given: str | None, stack: str
) -> None:
    file = StackFile.read(written(tmp_path, {"config": {}}, name), stack=given)
    assert file.stack == stack, "another name would be another stack with another state"


def test_the_operators_file_is_never_changed(tmp_path: Path, layout: Layout) -> None:
    path = written(tmp_path, {"config": {"honeydue:zone": "trial.test", "sandbox:secrets": ["hcloud:token"]}})
    before = path.read_bytes()
    StackFile.read(path).lay_out(layout)
    assert path.read_bytes() == before, "the sandbox writes salts and secrets, which have no place in the repository"


def test_the_copy_has_the_projects_schema_beside_it_and_no_key_of_the_sandbox(tmp_path: Path, layout: Layout) -> None:
    config = {"honeydue:zone": "trial.test", "honeydue:servers": [{"name": "a"}], "sandbox:secrets": []}
    folder, _ = StackFile.read(written(tmp_path, {"config": config})).lay_out(layout)
    assert (folder / "Pulumi.yaml").read_bytes() == (ROOT / "Pulumi.yaml").read_bytes(), "the engine checks types by it"
    assert copied(layout, "trial")["config"] == {"honeydue:zone": "trial.test", "honeydue:servers": [{"name": "a"}]}


@pytest.mark.parametrize("config", [{}, {OPERATORS_KEY: []}])
def test_a_file_that_lists_no_operators_gets_the_laptop_as_its_only_one(
    tmp_path: Path, config: dict[str, object]
) -> None:
    file = StackFile.read(written(tmp_path, {"config": config}))
    assert file.lacks_operators
    assert file.operators == list(LAPTOP_RANGES)


@pytest.mark.parametrize("given", [["203.0.113.10/32"], ["no range"], "198.18.0.10/32", None, 0])
def test_operators_that_are_given_are_used_as_they_are(tmp_path: Path, given: object) -> None:
    file = StackFile.read(written(tmp_path, {"config": {OPERATORS_KEY: given}}))
    assert not file.lacks_operators, "a mistake would be hidden in the sandbox, and refused in production"
    assert file.operators == given


def test_the_laptop_has_an_address_in_each_of_its_ranges() -> None:
    assert addresses(list(LAPTOP_RANGES)) == ["198.18.0.10", "2001:2:0:ffff::1"]


def test_only_the_secrets_that_the_file_lists_are_generated(tmp_path: Path, layout: Layout) -> None:
    path = written(tmp_path, {"config": {"sandbox:secrets": ["hcloud:token"]}})
    _, missing = StackFile.read(path).lay_out(layout)
    assert set(missing) == {"hcloud:token"}, "a secret that nobody asked for would hide that it is missing"


def test_generate_secrets_fills_in_what_the_file_lacks_and_leaves_what_it_has(tmp_path: Path, layout: Layout) -> None:
    path = written(tmp_path, {"config": {"hcloud:token": "plain"}})
    _, missing = StackFile.read(path, generate_secrets=True).lay_out(layout)
    assert set(missing) == {"cloudflare:apiToken", "honeydue:adminUsers"}
    kept = copied(layout, "trial")["config"]
    assert kept == {"hcloud:token": "plain"}, "a token in plain text is for the program to refuse, not for us to hide"


def test_secrets_encrypted_for_the_owner_are_refused_unless_made_up_ones_will_do(tmp_path: Path) -> None:
    path = written(tmp_path, {"encryptionsalt": "theirs", "config": {"hcloud:token": {"secure": "v1:theirs"}}})
    with pytest.raises(SandboxError, match=r"hcloud:token is encrypted.*--generate-secrets"):
        StackFile.read(path)
    assert "hcloud:token" in StackFile.read(path, generate_secrets=True).generate


def test_generated_secrets_have_the_real_ones_shapes(layout: Layout) -> None:
    made = secrets.generate(layout, "trial", secrets.known()).values
    assert len(made["hcloud:token"]) == 64, "the Hetzner provider takes 64 characters and no other number"
    assert 40 <= len(made["cloudflare:apiToken"]) <= 80, "the Cloudflare provider takes 40 to 80 characters"
    user, _, hashed = made["honeydue:adminUsers"].partition(":{SHA}")
    password = json.loads(layout.secrets.read_text())["trial"][secrets.ADMIN_PASSWORD]
    assert user == "admin"
    digest = hashlib.sha1(password.encode()).digest()  # noqa: S324 - the htpasswd format's own
    assert base64.b64decode(hashed) == digest, "the kept password must open the admin"


def test_secrets_stay_the_same_from_run_to_run_and_differ_from_stack_to_stack(layout: Layout) -> None:
    first = secrets.generate(layout, "one", secrets.known())
    again = secrets.generate(layout, "one", secrets.known())
    other = secrets.generate(layout, "two", secrets.known())
    assert first.values == again.values, "a new token at each run would be an update at each run"
    assert not again.fresh
    assert not set(first.values.values()) & set(other.values.values()), "stacks do not share secrets"


def test_what_opens_the_sandbox_is_readable_by_its_owner_only(tmp_path: Path, layout: Layout) -> None:
    path = written(tmp_path, {"config": {"sandbox:secrets": list(secrets.known())}})
    folder, _ = StackFile.read(path).lay_out(layout)
    for file in (layout.secrets, folder / "Pulumi.trial.yaml"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, f"{file.name} holds secrets"


def test_what_the_engine_has_encrypted_once_is_taken_over_with_its_salt(tmp_path: Path, layout: Layout) -> None:
    path = written(tmp_path, {"config": {"honeydue:zone": "a.test", "sandbox:secrets": ["hcloud:token"]}})
    folder, _ = StackFile.read(path).lay_out(layout)
    sealed = {"secure": "v1:sealed"}
    (folder / "Pulumi.trial.yaml").write_text(
        yaml.safe_dump({"encryptionsalt": "salt", "config": {"hcloud:token": sealed, "honeydue:zone": "a.test"}})
    )
    path = written(tmp_path, {"config": {"honeydue:zone": "b.test", "sandbox:secrets": ["hcloud:token"]}})
    _, missing = StackFile.read(path).lay_out(layout)
    assert missing == {}, "encrypting anew at each run would cost seconds and change the file for nothing"
    assert copied(layout, "trial") == {
        "encryptionsalt": "salt",
        "config": {"hcloud:token": sealed, "honeydue:zone": "b.test"},
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("config: [", "is not YAML"),
        ("config: {a: 2001-99-99}", "is not YAML"),
        ("config: {a: 0x_}", "is not YAML"),
        ("[" * 5000, "nested too deeply"),
        ("just words", "no `config:`"),
        ({"config": []}, "no `config:`"),
        ({"config": {"sandbox:secret": []}}, "unknown sandbox:secret"),
        ({"config": {"sandbox:secrets": "hcloud:token"}}, "it is a list of hcloud:token"),
        ({"config": {"sandbox:secrets": ["honeydue:zone"]}}, "honeydue:zone; it is a list of"),
    ],
)
def test_a_file_that_can_not_be_used_is_refused_in_one_sentence(tmp_path: Path, content: object, told: str) -> None:
    with pytest.raises(SandboxError) as refused:
        StackFile.read(written(tmp_path, content))
    assert told in str(refused.value)
    assert "Pulumi.trial.yaml" in str(refused.value), "the message must say which file"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"Pulumi\.none\.yaml: No such file"):
        StackFile.read(tmp_path / "Pulumi.none.yaml")


@pytest.mark.parametrize("name", ["../../elsewhere", "/tmp/x", ".", "..", "", "a/b", ".hidden", "x" * 101])
def test_a_stacks_name_never_leads_out_of_the_home(tmp_path: Path, name: str) -> None:
    with pytest.raises(SandboxError, match="is no stack's name"):
        StackFile.read(written(tmp_path, {"config": {}}), stack=name)


def test_a_request_is_shown_to_a_host_that_answers_whoever_asks(tmp_path: Path) -> None:
    routes = [
        {"hosts": ["admin.trial.test"], "middlewares": ["rate-limit", "admin-auth"]},
        {"hosts": ["partners.trial.test"], "clientCertificates": ["PEM"]},
        {"hosts": ["api.trial.test", "trial.test"]},
    ]
    file = StackFile.read(written(tmp_path, {"config": {"honeydue:routes": routes}}))
    assert file.open_hosts == ["api.trial.test", "trial.test"]


@pytest.mark.parametrize("content", ["", "config: [", "- 1"])
def test_a_broken_copy_is_named_with_the_way_out(tmp_path: Path, layout: Layout, content: str) -> None:
    file = StackFile.read(written(tmp_path, {"config": {}}))
    folder, _ = file.lay_out(layout)
    (folder / "Pulumi.trial.yaml").write_text(content)
    with pytest.raises(SandboxError, match=r"Pulumi.trial.yaml is broken.*sandbox down"):
        file.lay_out(layout)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_broken_secrets_are_named_with_the_way_out(layout: Layout, content: bytes) -> None:
    layout.home.mkdir()
    layout.secrets.write_bytes(content)
    with pytest.raises(SandboxError, match=r"secrets.json is broken.*sandbox down"):
        secrets.generate(layout, "trial", secrets.known())
