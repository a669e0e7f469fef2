"""Every host program is one file that runs with the Python of any server."""

import ast
import sys

import pytest

from tests.unit.host_programs import PROGRAMS, source

NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_program_runs_on_python_3_8(name: str) -> None:
    ast.parse(source(name), feature_version=(3, 8))


@pytest.mark.parametrize("name", NAMES)
def test_a_program_imports_only_the_standard_library(name: str) -> None:
    for node in ast.walk(ast.parse(source(name))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or "."]
        else:
            continue
        for module in modules:
            assert module.partition(".")[0] in sys.stdlib_module_names, f"servers have no {module}"
