"""Read the stack files of a folder: the text, the syntax tree, and the config as plain data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from components.config import PROJECT
from components.consistency import cross_checks

_PREFIX: Final = f"{PROJECT}:"


class StackFileError(Exception):
    """A stack file cannot be used. The text names the file, the place and the problem, and contains no value."""


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """One stack file.

    Attributes:
        path: The file.
        stack: The stack's name.
        text: The content, with its line ends as they are.
        config: The syntax tree of `config`.
        values: The same as plain data, by full key, such as `honeydue:zone`.
    """

    path: Path
    stack: str
    text: str
    config: yaml.MappingNode
    values: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "StackFile":
        """Read `Pulumi.STACK.yaml`.

        Raises:
            StackFileError: If the file cannot be read or is not a stack file.
        """
        try:
            text = path.read_bytes().decode()
        except OSError as error:
            raise StackFileError(f"{path.name}: {error.strerror}") from error
        except ValueError as error:
            raise StackFileError(f"{path.name}: it is not UTF-8 text") from error
        return cls.parse(path, text)

    @classmethod
    def parse(cls, path: Path, text: str) -> "StackFile":
        """Return the stack file with this text.

        Raises:
            StackFileError: If the text is not a stack file.
        """
        try:
            tree = yaml.compose(text, Loader=yaml.SafeLoader)
            content = yaml.safe_load(text)
        except yaml.MarkedYAMLError as error:
            line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
            raise StackFileError(f"{path.name}: {line}not YAML: {error.problem}") from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise StackFileError(f"{path.name}: not YAML that can be read ({type(error).__name__})") from error
        config = child(tree, "config") if isinstance(tree, yaml.MappingNode) else None
        if not isinstance(config, yaml.MappingNode):
            raise StackFileError(
                f"{path.name}: `config` is missing; it must be a mapping of keys such as {_PREFIX}zone"
            )
        for place in _repeated(config, "config"):
            raise StackFileError(f"{path.name}: {place} is there twice; the Pulumi CLI refuses the file")
        values = content["config"]
        for key in values:
            if not isinstance(key, str) or ":" not in key:
                raise StackFileError(f"{path.name}: config key {key!r} has no namespace; write it as {_PREFIX}{key}")
        stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        return cls(path=path, stack=stack, text=text, config=config, values=values)


def path_of(folder: Path, stack: str) -> Path:
    """Return the path of a stack's file.

    Raises:
        StackFileError: If the program would refuse the name.
    """
    for problem in cross_checks({}, stack):
        if problem.key == "stack":
            raise StackFileError(str(problem))
    return folder / f"Pulumi.{stack}.yaml"


def all_in(folder: Path) -> list[StackFile]:
    """Read every stack file of a folder, sorted by name.

    Raises:
        StackFileError: If one of them is not a stack file.
    """
    return [StackFile.read(path) for path in sorted(folder.glob("Pulumi.*.yaml"))]


def child(node: yaml.MappingNode, key: str) -> yaml.Node | None:
    """Return the value of a key in a mapping's syntax tree, or None."""
    return next((value for name, value in node.value if name.value == key), None)


def is_encrypted(value: object) -> bool:
    """Return whether a value is what `pulumi config set --secret` writes."""
    return isinstance(value, dict) and set(value) == {"secure"}


def encrypted_places(value: object, place: str) -> Iterator[str]:
    """Return the place of every encrypted value in plain data."""
    if is_encrypted(value):
        yield place
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from encrypted_places(item, f"{place}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from encrypted_places(item, f"{place}[{index}]")


def _repeated(node: yaml.Node, place: str) -> Iterator[str]:
    """Return the place of every key that a mapping has twice. PyYAML would take the last one."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name, value in node.value:
            if name.value in seen:
                yield f"{place}.{name.value}"
            seen.add(str(name.value))
            yield from _repeated(value, f"{place}.{name.value}")
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, f"{place}[{index}]")
