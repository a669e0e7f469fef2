"""Draft a new stack file, check it with the program's own loader, and write it without overwriting anything."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

from components.config import ConfigError
from ops.stacks.backend import PULUMI_CLOUD, Backend
from ops.stacks.files import StackFile
from ops.stacks.loading import load
from ops.stacks.neighbours import conflicts, free_network
from ops.stacks.new_file import NewStack
from ops.stacks.questions import Answers

_SMALLEST: Final = 28
"""The longest prefix of a network with room for three servers, from host 11 on."""


def draft(
    stack: str, answers: Answers, backend: Backend, network_range: str | None, others: Sequence[StackFile]
) -> NewStack:
    """Return a new stack, unchecked except for its network.

    Args:
        stack: The stack's name.
        answers: The complete answers.
        backend: The state's place and the secrets provider.
        network_range: The private network; None selects a free one.
        others: The repository's other stack files.

    Raises:
        ValueError: If the network is not one or is too small, or if none is free.
    """
    try:
        network = IPv4Network(network_range) if network_range else free_network(stack, others)
    except ValueError as error:
        raise ValueError(f"--network-range: {error}") from error
    if network.prefixlen > _SMALLEST:
        raise ValueError(f"--network-range: {network} is too small; use a /{_SMALLEST} or larger, such as 10.20.0.0/16")
    return NewStack(
        stack=stack,
        zone=answers.zone or "",
        servers=int(answers.servers or 0),
        location=str(answers.location or ""),
        server_type=answers.server_type or "",
        network=network,
        operators=answers.operators,
        hosts=answers.hosts,
        service=answers.service or "",
        port=answers.port or 0,
        backend=backend,
    )


def problems_of(new: NewStack, path: Path, others: Sequence[StackFile]) -> list[str]:
    """Return every problem of the file, by itself and beside the repository's other stack files."""
    problems = list(new.backend.problems)
    sound = replace(new, backend=Backend.of(PULUMI_CLOUD, None)) if problems else new  # comments have its URL
    try:
        load(new.stack, StackFile.parse(path, sound.text).values)
    except ConfigError as error:
        problems += map(str, error.problems)
    return [*problems, *map(str, conflicts(new.zone, new.hosts, new.network, others))]


def write_new(path: Path, text: str) -> None:
    """Create a file. An existing one stays as it is.

    Raises:
        FileExistsError: If there is such a file.
        OSError: If the file cannot be written. No part of it stays.
    """
    with path.open("x", encoding="utf-8", newline="\n") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            path.unlink(missing_ok=True)
            raise
