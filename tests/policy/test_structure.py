"""The structure of the pack: a module or a folder per subject, tables where the messages say, no large module."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import guardrails
from guardrails import RULES, ResourceRule
from tests.policy.verdict import tables

ROOT = Path(guardrails.__file__).resolve().parents[2]
SUBJECTS = {"servers", "firewalls", "dns", "certificates", "traefik", "routes", "pods", "secrets", "releases"}
MODULES = sorted(Path(guardrails.__file__).parent.rglob("*.py"))


def test_each_subject_is_a_module_or_a_folder_and_there_is_one_place_for_the_mechanism() -> None:
    assert {item.name for item in pkgutil.iter_modules(guardrails.__path__)} == {*SUBJECTS, "mechanism"}


def test_the_mechanism_knows_no_subject() -> None:
    for file in (ROOT / "policy" / "guardrails" / "mechanism").glob("*.py"):
        assert not re.search(rf"guardrails\.({'|'.join(SUBJECTS)})\b", file.read_text(encoding="utf-8")), file


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_module_is_short_and_has_the_tables_that_its_messages_name(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    own = set(re.findall(r"_in\(\"(\w+)\"\)", text))
    assert own <= tables(str(file.relative_to(ROOT)))
    module = ".".join(file.relative_to(ROOT / "policy").with_suffix("").parts).removesuffix(".__init__")
    place = getattr(importlib.import_module(module), "_in", None)
    assert place is None or place("X") == f"X in {file.relative_to(ROOT)}"


@pytest.mark.parametrize("package", ["hcloud", "cloudflare", "tls", "random", "kubernetes", "command", "aws"])
def test_the_message_about_an_unknown_type_names_a_table_that_has_types_of_its_package(package: str) -> None:
    [rule] = [item for item in RULES if isinstance(item, ResourceRule) and item.name == "every-type-is-known"]
    assert rule.every is not None
    resource = guardrails.Resource(urn="", type=f"{package}:index/x:X", name="", properties={})
    [message] = list(rule.every(resource))
    found = re.search(r"to (\w+) in (policy/\S+\.py) ", str(message))
    assert found
    assert found[1] in tables(found[2])
