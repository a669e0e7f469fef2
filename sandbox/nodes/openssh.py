"""Commands over the real OpenSSH client, with the host key pinned and nothing of the operator's own configuration."""

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
"""The client's own exit status for a connection that did not come about."""
_LASTING: Final = ("Host key verification failed", "Permission denied")
"""What another try does not mend; the real plugin tries again all the same."""
_LIMIT: Final = 1200.0
"""Seconds that one command may take."""
_FIRST_PAUSE, _FACTOR, _LONGEST_PAUSE = 0.1, 1.5, 5.0
"""Seconds between two attempts, as pulumi-command waits."""


def execute(connection: Mapping[str, Any], script: str, stdin: str, enter: Sequence[str]) -> str:
    """Run a script on a server and give its stdout; while nobody answers there, try again.

    Args:
        connection: host, port, user, privateKey, hostKey, dialErrorLimit and perDialTimeout of remote.Command.
        script: What the user's shell is told.
        stdin: What the script reads.
        enter: What to put before the client so that it runs on the operator's machine.

    Raises:
        RefusalError: with the client's words, or those of a script that failed.
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
    """The client's words as the plugin, which is written in Go, puts them."""
    dial = f"dial tcp {host}:{int(connection.get('port') or 22)}"
    if "Connection refused" in said:
        return f"{dial}: connect: connection refused"
    if "timed out" in said:
        return f"{dial}: i/o timeout"
    return f"ssh: handshake failed: {said}"


def _client(folder: Path, connection: Mapping[str, Any]) -> list[str]:
    """The client with its key and the one host key that it accepts."""
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
