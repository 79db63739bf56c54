"""A server in a process of its own: `lineal serve`, or any other that answers under /health."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

READY = 60.0
_SHOWN = 2000


class ServerProcess:
    """A server that has answered, on this machine.

    Args:
        command: how to start it.
        log: the file to which its output is added.
        url: where it will listen; when that is empty, its log tells by `url=`, as Lineal's does.
        environment: variables that it gets besides those of this process.
        patience: seconds until it must answer.

    Raises:
        RuntimeError: it has ended or does not answer; the message ends with its output.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        url: str = "",
        environment: Mapping[str, str] | None = None,
        patience: float = READY,
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._old = output.tell()
            self.process = subprocess.Popen(
                command, stdout=output, stderr=output, env={**os.environ, **(environment or {})},
                start_new_session=True,
            )  # fmt: skip
        try:
            self.url = self._answering(url, patience)
        except BaseException:
            self.kill()
            raise

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 80

    def log(self) -> str:
        """The end of what it has printed."""
        return self._printed()[-_SHOWN:]

    def stop(self, patience: float = 20.0) -> None:
        """Let it end in order, if it does so in time."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        self.kill()

    def kill(self) -> None:
        """SIGKILL: neither it nor what it has started can do anything about it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _printed(self) -> str:
        with self._log.open("rb") as output:
            output.seek(self._old)
            return output.read().decode(errors="replace")

    def _answering(self, url: str, patience: float) -> str:
        """Its address, once it is ready."""
        end = time.monotonic() + patience
        while time.monotonic() < end and self.process.poll() is None:
            found = url or self._told()
            if found and _healthy(found):
                return found
            time.sleep(0.005)
        raise RuntimeError(f"the server did not start:\n{self.log()}")

    def _told(self) -> str:
        words = self._printed().split()
        return next((word.removeprefix("url=") for word in words if word.startswith("url=http")), "")


def _healthy(url: str) -> bool:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=5)
    with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    return False


def start_lineal(data: Path, *options: str) -> ServerProcess:
    """`lineal serve` on a data folder and a free port, with this interpreter; its log lies in the folder."""
    data.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "lineal.cli", "serve", "--data", str(data), "--port", "0", *options]
    return ServerProcess(command, data / "server.log")


@contextlib.contextmanager
def serving(data: Path, *options: str) -> Iterator[str]:
    """The same while the block runs; gives the URL."""
    server = start_lineal(data, *options)
    try:
        yield server.url
    finally:
        server.stop()
