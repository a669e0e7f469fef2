"""Run commands on the servers with the OpenSSH client: host key pinned, bounded, no trace of the private key after."""

import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ops.drift.state import Connection

CONNECT_SECONDS: Final = 10
"""Seconds to connect, for each of two attempts."""
COMMAND_SECONDS: Final = 90.0
"""Seconds that one command may take, including the connection."""
_FAILED: Final = 255
"""The client's exit status for a failed connection."""
_LAST_WORDS: Final = 400


class NotConnectedError(Exception):
    """The server cannot be reached, has another host key, or refuses the key. The text has the client's reason."""


class CommandError(Exception):
    """A command on a server failed or took too long. The text has its last words."""


class Ssh:
    """A client for all servers of a stack. The key is in a folder that only this user can read, until the end.

    Use it as a context manager. Its end stops the commands that still run and deletes the folder.
    """

    def __init__(self) -> None:
        self._folder: Final = tempfile.TemporaryDirectory(prefix="ops-drift-")
        self._running: Final[set[subprocess.Popen[str]]] = set()
        self._lock: Final = threading.Lock()
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.stop()
        finally:
            self._folder.cleanup()

    def stop(self) -> None:
        """End the commands that still run, and start no further ones."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            process.kill()

    def run(self, connection: Connection, command: str, stdin: str = "") -> str:
        """Run a command and return its stdout.

        Raises:
            NotConnectedError: If there is no connection.
            CommandError: If the command fails or takes longer than COMMAND_SECONDS.
        """
        words = [*self._client(connection), f"{connection.user}@{connection.host}", command]
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise NotConnectedError(f"ssh: {error.strerror}; install the OpenSSH client") from error
        with process:
            with self._lock:
                self._running.add(process)
                if self._stopped:
                    process.kill()
            try:
                output, errors = process.communicate(stdin, timeout=COMMAND_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise CommandError(f"it did not end within {COMMAND_SECONDS:.0f} s") from error
            finally:
                process.kill()
                with self._lock:
                    self._running.discard(process)
        words_of_it = " ".join(errors.split())[-_LAST_WORDS:]
        if process.returncode == _FAILED:
            raise NotConnectedError(words_of_it or "the connection failed")
        if process.returncode:
            raise CommandError(words_of_it or f"exit status {process.returncode}")
        return output

    def _client(self, connection: Connection) -> list[str]:
        """Return the client's command. It ignores the operator's own configuration, keys and known hosts."""
        place = Path(self._folder.name, connection.host.replace(":", "_"))
        with self._lock:
            if not place.exists():
                place.mkdir(mode=0o700)
                (place / "key").touch(mode=0o600)
                (place / "key").write_text(connection.private_key.strip() + "\n")
                (place / "known_hosts").write_text(f"{connection.host} {connection.host_key.strip()}\n")
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": str(CONNECT_SECONDS),
            "ConnectionAttempts": "2",
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "LogLevel": "ERROR",
            "PreferredAuthentications": "publickey",
            "ServerAliveCountMax": "3",
            "ServerAliveInterval": "5",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(place / "known_hosts"),
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "/dev/null", "-T", *words, "-i", str(place / "key")]
