"""Change values in the text of a stack file, and leave every other byte as it is.

PyYAML's syntax tree gives the position of each value, so only these spans are replaced. A shape that cannot be changed
this way, such as an alias, is refused.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import yaml

from components.config import PROJECT
from ops.stacks.files import StackFile, child
from ops.stacks.yaml_text import one_line

_COMMENT: Final = re.compile(r"(?:^|\s)#", re.MULTILINE)


class EditError(Exception):
    """A value cannot be changed without touching something else. The text names the place."""


class _Change(NamedTuple):
    start: int
    end: int
    text: str


def edited(file: StackFile, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the text of a stack file with other settings.

    Args:
        file: The stack file.
        before: Its settings with defaults, by key without namespace.
        after: The same keys, some with other values.

    Raises:
        EditError: If a value has a shape that cannot be changed in place.
    """
    edit = _Edit(file)
    edit.change_mapping(file.config, _full(before), _full(after), "config")
    return edit.text


def _full(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{PROJECT}:{key}": value for key, value in settings.items()}


class _Edit:
    """The changes of one file, collected from its unchanged text and applied together."""

    def __init__(self, file: StackFile) -> None:
        self._text = file.text
        self._newline = "\r\n" if "\r\n" in file.text else "\n"
        self._changes: list[_Change] = []

    @property
    def text(self) -> str:
        """The text with all changes."""
        parts: list[str] = []
        position = 0
        for change in sorted(self._changes, key=lambda change: change.start):
            if change.start < position:
                raise EditError("two changes are at the same place, perhaps through an alias; edit the file by hand")
            parts += [self._text[position : change.start], change.text]
            position = change.end
        return "".join([*parts, self._text[position:]])

    def change(self, node: yaml.Node, before: Any, after: Any, place: str) -> None:
        """Change a value, and within a mapping or a list only the parts that differ."""
        if before == after:
            return
        if isinstance(node, yaml.MappingNode) and isinstance(before, Mapping) and isinstance(after, Mapping):
            self.change_mapping(node, before, after, place)
        elif (
            isinstance(node, yaml.SequenceNode)
            and isinstance(before, Sequence)
            and isinstance(after, Sequence)
            and len(node.value) == len(before) <= len(after)
        ):
            for index, item in enumerate(node.value):
                self.change(item, before[index], after[index], f"{place}[{index}]")
            if len(after) > len(before):
                self._add_items(node, after[len(before) :])
        else:
            self._replace(node, after, place)

    def change_mapping(
        self, node: yaml.MappingNode, before: Mapping[str, Any], after: Mapping[str, Any], place: str
    ) -> None:
        """Change the entries of a mapping that differ, then add the ones that are missing.

        In this order, because an entry that is added at the end of the mapping belongs behind everything that is added
        at the end of its last value.
        """
        parts = {key: child(node, key) for key, value in after.items() if value != before.get(key)}
        for key, part in parts.items():
            if part is not None:
                self.change(part, before.get(key), after[key], f"{place}.{key}")
        added = [f"{key}: {one_line(after[key])}" for key, part in parts.items() if part is None]
        if added and not node.value:
            self._put(node.start_mark.index, node.end_mark.index, f"{{{', '.join(added)}}}")
        elif added and node.flow_style:
            self._put_at(_end_of_last(node), "".join(f", {entry}" for entry in added))
        elif added:
            self._add_lines(node.value[0][0].start_mark.column, _end(node), added)

    def _add_items(self, node: yaml.SequenceNode, values: Sequence[Any]) -> None:
        if not node.value:
            self._put(node.start_mark.index, node.end_mark.index, one_line(list(values)))
        elif node.flow_style:
            self._put_at(_end_of_last(node), "".join(f", {one_line(value)}" for value in values))
        else:
            lines = [line for value in values for line in _item_lines(value)]
            self._add_lines(node.start_mark.column, _end(node), lines)

    def _replace(self, node: yaml.Node, value: Any, place: str) -> None:
        start, end = node.start_mark.index, _end(node)
        if isinstance(node, yaml.ScalarNode):
            if node.style in ("|", ">"):
                raise EditError(f"{place} is a block of text; edit it by hand")
            style = node.style if isinstance(value, str) and node.style in ("'", '"') else None
            self._put(start, end, (" " if start == end else "") + one_line(value, style))
            return
        if _COMMENT.search(self._text[start:end]):
            raise EditError(f"{place} has comments in it, which a new value would delete; edit it by hand")
        if isinstance(node, yaml.CollectionNode) and not node.flow_style:
            self._put_in_place_of_block(start, end, one_line(value))
        else:
            self._put(start, end, one_line(value))

    def _put_in_place_of_block(self, start: int, end: int, text: str) -> None:
        """Write one line instead of a block: behind the key, or indented below the comment behind the key."""
        before = self._text[:start].rstrip()
        line = before[before.rfind("\n") + 1 :]
        if line.endswith(":") and "#" not in line:
            self._put(len(before), end, f" {text}")
        else:
            self._put(start, end, f"  {text}")  # a list may begin in the key's column, one line must not

    def _add_lines(self, column: int, end: int, lines: Sequence[str]) -> None:
        """Insert lines behind the line on which a value ends."""
        block = "".join(" " * column + line + self._newline for line in lines)
        if end and self._text[end - 1] == "\n":  # a block of text ends with its last line
            self._put_at(end, block)
            return
        position = self._text.find("\n", end) + 1
        if position:
            self._put_at(position, block)
        else:
            self._put_at(len(self._text), self._newline + block.removesuffix(self._newline))

    def _put_at(self, position: int, text: str) -> None:
        self._put(position, position, text)

    def _put(self, start: int, end: int, text: str) -> None:
        self._changes.append(_Change(start, end, text))


def _item_lines(value: Any) -> list[str]:
    """Return the lines of a list's item in a block."""
    entries = [f"{key}: {one_line(item)}" for key, item in value.items()] if isinstance(value, Mapping) else []
    first, *rest = entries or [one_line(value)]
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _end(node: yaml.Node) -> int:
    """Return the end of a value. The tree's end of a block is behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        return _end_of_last(node)
    return int(node.end_mark.index)


def _end_of_last(node: yaml.CollectionNode) -> int:
    """Return the end of the last value in a mapping or a list that is not empty."""
    last = node.value[-1]
    return _end(last[1] if isinstance(node, yaml.MappingNode) else last)
