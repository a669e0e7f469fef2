"""Run commands with the real OpenSSH client, with a pinned host key and without the operator's own configuration."""

import json
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sandbox.providers.refusal import RefusalError
from sandbox.providers.ssh import after_attempts, dial_limit

_FAILED: Final = 255
"""The client's exit status for a failed connection."""
_LASTING: Final = ("Host key verification failed", "Permission denied")
"""Errors that a retry does not fix. The real plugin retries anyway."""
_LIMIT: Final = 1200.0
"""The timeout of one command, in seconds."""
_FIRST_PAUSE, _FACTOR, _LONGEST_PAUSE = 0.1, 1.5, 5.0
"""Seconds between two attempts, and their growth, as in pulumi-command."""


def execute(connection: Mapping[str, Any], script: str, stdin: str, enter: Sequence[str]) -> str:
    """Run a script on a server and return its stdout. Retry failed connections.

    Args:
        connection: host, port, user, privateKey, hostKey, dialErrorLimit and perDialTimeout of remote.Command.
        script: The command for the user's shell.
        stdin: The input of the script.
        enter: The words before the client's command that make it run on the operator's machine.

    Raises:
        RefusalError: With the error of the client, or of a script that failed.
    """
    host, user = str(connection.get("host", "")), str(connection.get("user") or "root")
    with tempfile.TemporaryDirectory() as folder:
        command = [*enter, *_client(Path(folder), connection), f"{user}@{host}", script]
        for attempt in range(dial_limit(connection) + 1):
            if attempt:
                time.sleep(min(_FIRST_PAUSE * _FACTOR ** (attempt - 1), _LONGEST_PAUSE))
            done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=_LIMIT, check=False)
            if done.returncode != _FAILED or any(words in done.stderr for words in _LASTING):
                break
    if done.returncode == _FAILED:
        raise RefusalError(after_attempts(connection, _words(host, connection, " ".join(done.stderr.split()))))
    if done.returncode:
        raise RefusalError(
            f"Process exited with status {done.returncode}: running {json.dumps(script)}:\n{done.stderr}"
        )
    return done.stdout


def _words(host: str, connection: Mapping[str, Any], said: str) -> str:
    """Return the client's error as the plugin, which uses Go's SSH, words it."""
    dial = f"dial tcp {host}:{int(connection.get('port') or 22)}"
    if "Connection refused" in said:
        return f"{dial}: connect: connection refused"
    if "timed out" in said:
        return f"{dial}: i/o timeout"
    return f"ssh: handshake failed: {said}"


def _client(folder: Path, connection: Mapping[str, Any]) -> list[str]:
    """Return the client's command, with its key and the one host key that it accepts."""
    key, known = folder / "key", folder / "known_hosts"
    key.touch(mode=0o600)
    key.write_text(str(connection.get("privateKey") or "").strip() + "\n")
    pinned = connection.get("hostKey")
    known.write_text(f"{connection.get('host')} {str(pinned).strip()}\n" if pinned else "")
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(int(connection.get("perDialTimeout") or 15)),
        "GlobalKnownHostsFile": "/dev/null",
        "IdentitiesOnly": "yes",
        "LogLevel": "ERROR",
        "PreferredAuthentications": "publickey",
        "StrictHostKeyChecking": "yes" if pinned else "no",
        "UserKnownHostsFile": str(known),
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["ssh", "-F", "/dev/null", "-T", "-p", str(int(connection.get("port") or 22)), "-i", str(key), *words]
