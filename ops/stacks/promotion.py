"""Apply the differences of two stack files to one of them: check the result, then replace the file at once."""

import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from components.config import PROJECT
from components.settings import Settings
from ops.stacks.differences import Comparison, as_data
from ops.stacks.edit import EditError, edited
from ops.stacks.files import StackFile, StackFileError
from ops.stacks.loading import load_for_comparison


def promoted(file: StackFile, comparison: Comparison) -> str:
    """Return the text of TO's file with the differences that travel, after the program's own loader accepted it.

    Raises:
        ConfigError: If the program would refuse the result.
        EditError: If the file has a shape that cannot be changed without touching anything else.
    """
    text = edited(file, comparison.before, comparison.after)
    try:
        result = StackFile.parse(file.path, text)
    except StackFileError as error:
        raise EditError("the file would not be a stack file any more; edit it by hand") from error
    loaded = as_data(load_for_comparison(result))
    if loaded != as_data(Settings.model_validate(comparison.after)) or _rest(text, comparison) != _rest(
        file.text, comparison
    ):
        raise EditError("a change would touch something else, perhaps through an alias; edit the file by hand")
    return text


def replace(path: Path, text: str) -> None:
    """Replace a file at once, with its permissions. A reader sees the old or the new content, never a part.

    Raises:
        OSError: If that fails; the file is then as it was.
    """
    target = path.resolve()  # a symbolic link stays one
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _rest(text: str, comparison: Comparison) -> Any:
    """Return everything in a stack file except the settings that change."""
    content = yaml.safe_load(text)
    changed = {f"{PROJECT}:{key}" for key, value in comparison.after.items() if value != comparison.before[key]}
    return content | {"config": {key: value for key, value in content["config"].items() if key not in changed}}
