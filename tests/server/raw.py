"""HTTP byte by byte, as no client library would send it."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit


class Answer(NamedTuple):
    """A response; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Raw:
    """One connection to a server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=10)
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def request(self, method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
        """A request as it is sent; with a body it says how long that is."""
        length = [f"Content-Length: {len(body)}"] if body else []
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", *length, *headers, "", ""]
        return "\r\n".join(lines).encode("latin-1") + body

    def send(self, *messages: bytes) -> None:
        """Send all in one piece."""
        self.socket.sendall(b"".join(messages))

    def ask(self, method: str, path: str, body: bytes = b"", *headers: str) -> Answer:
        """Send a request and read its answer."""
        self.send(self.request(method, path, body, *headers))
        return self.answer(head=method == "HEAD")

    def answer(self, *, head: bool = False) -> Answer:
        """The next answer, whole; of a request for the head only, that."""
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        pairs = [line.split(": ", 1) for line in lines[1:] if line]
        headers = {name.lower(): value for name, value in pairs}
        assert len(headers) == len(pairs), "a header came twice"
        if status < 200 or head:
            return Answer(status, headers, b"")
        return Answer(status, headers, self._exactly(int(headers.get("content-length", 0))))

    def line(self) -> bytes:
        """The next line, with its end."""
        return self._until(b"\n")

    def closed(self) -> bool:
        """Whether the server closes the connection without saying anything more."""
        try:
            return not self._read and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _until(self, end: bytes) -> bytes:
        while end not in self._read:
            self._more()
        found, _, self._read = self._read.partition(end)
        return found + end

    def _exactly(self, size: int) -> bytes:
        while len(self._read) < size:
            self._more()
        found, self._read = self._read[:size], self._read[size:]
        return found

    def _more(self) -> None:
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise EOFError(f"closed after {self._read!r}")
        self._read += piece
