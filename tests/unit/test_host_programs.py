"""What all programs for servers must be: one file that any server's Python runs, and that a preview can show."""

import ast
import shlex
import sys

import pytest

from tests.unit.host_programs import PROGRAMS, source

NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_program_runs_on_a_servers_old_python(name: str) -> None:
    ast.parse(source(name), feature_version=(3, 8))


@pytest.mark.parametrize("name", NAMES)
def test_a_program_needs_nothing_but_pythons_own_library(name: str) -> None:
    for node in ast.walk(ast.parse(source(name))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or "."]
        else:
            continue
        for module in modules:
            assert module.partition(".")[0] in sys.stdlib_module_names, f"servers have no {module}"


@pytest.mark.parametrize("name", NAMES)
def test_a_program_reads_in_a_preview_as_it_reads_here(name: str) -> None:
    assert "'" not in source(name), "a single quote becomes five characters on its way through the shell"
    assert shlex.split(shlex.quote(source(name))) == [source(name)]


@pytest.mark.parametrize("name", NAMES)
def test_a_program_fits_into_one_argument(name: str) -> None:
    assert len(shlex.quote(source(name)).encode()) < 32 * 1024, "Linux takes 128 KiB; a preview's reader far less"
