"""How a request reaches Lineal: over HTTP, or within the process."""

from __future__ import annotations

import http.client
import importlib
import io
import os
import selectors
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple, Protocol
from urllib.parse import urlsplit

from lineal.graph.errors import Invalid, Unavailable

Body = bytes | BinaryIO

_PIECE = 1 << 20
_BUSY = frozenset({429, 502, 503, 504})
_LONGEST_PAUSE = 5.0
_BROKEN = (OSError, http.client.HTTPException)


class Request(NamedTuple):
    """One call.

    Attributes:
        path: with its query, already quoted.
        repeatable: whether doing it twice is the same as once, so that it may be sent again.
    """

    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: Body = b""
    repeatable: bool = True


class Answer(NamedTuple):
    """What came back, whole."""

    status: int
    body: bytes


class Stream(NamedTuple):
    """What comes back, in pieces; it must be read before the next one is asked for."""

    status: int
    pieces: Iterator[bytes]


class Transport(Protocol):
    """A way to Lineal; safe to use from several threads."""

    target: str

    def send(self, request: Request) -> Answer:
        """Answer of any status; Unavailable when there is none."""
        ...

    def open(self, request: Request, timeout: float) -> Any:
        """A context manager of a `Stream`, over a connection of its own."""
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...


def open_transport(target: str, timeout: float, retries: int, blobs: str = "") -> Transport:
    """The transport for `http://…` or `https://…`, or in-process for a data folder or a store URL."""
    if target.startswith(("http://", "https://")):
        return HttpTransport(target, timeout, retries)
    return InProcessTransport(target, blobs)


class HttpTransport:
    """One kept connection per thread (and process: a fork starts anew)."""

    def __init__(self, url: str, timeout: float, retries: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Invalid(f"{url!r} is neither http://HOST:PORT, https://HOST:PORT nor a folder")
        self.target = url.rstrip("/")
        self._host, self._port = parts.hostname, parts.port
        self._prefix = parts.path.rstrip("/")
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._timeout = timeout
        self._retries = retries
        self._local = threading.local()
        self._open: weakref.WeakSet[http.client.HTTPConnection] = weakref.WeakSet()

    def send(self, request: Request) -> Answer:
        for attempt in range(self._retries + 1):
            last = attempt == self._retries or not request.repeatable
            try:
                answer = self._exchange(request)
            except _BROKEN as error:
                self._drop()
                if last:
                    raise Unavailable(f"no answer from {self.target}: {_reason(error)}") from error
            else:
                if last or answer.status not in _BUSY:
                    return answer
            time.sleep(min(0.1 * 2**attempt, _LONGEST_PAUSE))
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def open(self, request: Request, timeout: float) -> Iterator[Stream]:
        connection = self._connect(timeout)
        try:
            try:
                response = self._respond(connection, request)
            except _BROKEN as error:
                raise Unavailable(f"no answer from {self.target}: {_reason(error)}") from error
            yield Stream(response.status, _pieces(response))
        finally:
            connection.close()

    def close(self) -> None:
        for connection in list(self._open):
            connection.close()

    def _exchange(self, request: Request) -> Answer:
        response = self._respond(self._connection(), request)
        return Answer(response.status, response.read())

    def _respond(self, connection: http.client.HTTPConnection, request: Request) -> http.client.HTTPResponse:
        headers = dict(request.headers)
        if not isinstance(request.body, bytes):
            headers["Content-Length"] = str(_rewound(request.body))
        connection.request(request.method, self._prefix + request.path, request.body, headers)
        return connection.getresponse()

    def _connection(self) -> http.client.HTTPConnection:
        kept: tuple[int, http.client.HTTPConnection] | None = getattr(self._local, "kept", None)
        if kept and kept[0] == os.getpid():
            if kept[1].sock is not None and _hung_up(kept[1].sock):
                kept[1].close()
            return kept[1]
        connection = self._connect(self._timeout)
        self._open.add(connection)
        self._local.kept = os.getpid(), connection
        return connection

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        if self._tls:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout, blocksize=_PIECE)

    def _drop(self) -> None:
        kept = getattr(self._local, "kept", None)
        if kept:
            kept[1].close()


class InProcessTransport:
    """The server's own code on a data folder, without a network."""

    def __init__(self, folder: str, blobs: str = "") -> None:
        # Loaded by name: the client knows only the graph, and brings a server along only when asked to.
        server = importlib.import_module("lineal.server.local")
        self.target = folder
        self._server = server.LocalTransport(folder, blobs=blobs)

    def send(self, request: Request) -> Answer:
        path, _, query = request.path.partition("?")
        status, _, answer = self._server.request(
            request.method, path, query, dict(request.headers), request.body
        )
        return Answer(status, answer)

    @contextmanager
    def open(self, request: Request, timeout: float) -> Iterator[Stream]:
        answer = self.send(request)
        yield Stream(answer.status, iter([answer.body]))

    def close(self) -> None:
        self._server.close()


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body; Unavailable when it breaks off, which http.client does not always tell."""
    try:
        while piece := response.read1(_PIECE):
            yield piece
    except _BROKEN as error:
        raise Unavailable(f"the answer broke off: {_reason(error)}") from error
    if response.length:
        raise Unavailable(f"the answer broke off: {response.length} bytes are missing")


def _rewound(body: BinaryIO) -> int:
    """Bytes of a seekable file, which is put back to its start (it may have been half sent before)."""
    size = body.seek(0, io.SEEK_END)
    body.seek(0)
    return size


def _hung_up(sock: socket.socket) -> bool:
    """Whether the server closed a kept connection: nothing is due on it, so anything to read is its end."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
