"""The server's own code without a socket: requests of this process on a data folder."""

from __future__ import annotations

import asyncio
import io
import os
import threading
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote

from lineal.server.app import build_app, open_catalog
from lineal.server.asgi import App, Scope
from lineal.server.http import Message
from lineal.server.settings import Settings

_PIECE = 1 << 20


class Response(NamedTuple):
    """An answer, whole; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class LocalTransport:
    """Runs the application on an event loop in a thread of its own. Safe to use from several threads.

    Whoever may open the folder may do everything, so nobody signs in.

    Args:
        path: the data folder, or the URL of a store.
        settings: how to serve; the folder is set in them.
        blobs: URL of the folder for files, if it is another than the settings or the path say.
    """

    def __init__(
        self, path: str | os.PathLike[str], settings: Settings | None = None, blobs: str = ""
    ) -> None:
        settings = settings or _settings_for(os.fspath(path), blobs)
        self._catalog = open_catalog(settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lineal-local", daemon=True)
        self._thread.start()
        self._app: App = build_app(self._catalog, settings, trusted=True)

    def request(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | BinaryIO = b"",
    ) -> Response:
        """Send one request and wait for its whole answer; `path` and `query` are percent-encoded."""
        file = io.BytesIO(body) if isinstance(body, bytes) else body
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        exchange = _Exchange(_scope(method, path, query, headers or {}, size), file, size)
        return asyncio.run_coroutine_threadsafe(exchange.run(self._app), self._loop).result()

    def close(self) -> None:
        """Write what waits and close the store."""
        if self._loop.is_closed():
            return
        self._app.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._catalog.close()


class _Exchange:
    """One request and what comes back."""

    def __init__(self, scope: Scope, body: BinaryIO, size: int) -> None:
        self._scope = scope
        self._body = body
        self._left = size
        self._sent = False
        self._status = 500
        self._headers: dict[str, str] = {}
        self._pieces: list[bytes] = []
        self._done = asyncio.Event()

    async def run(self, app: App) -> Response:
        await app(self._scope, self._receive, self._send)
        return Response(self._status, self._headers, b"".join(self._pieces))

    async def _receive(self) -> Message:
        if self._sent:
            await self._done.wait()
            return {"type": "http.disconnect"}
        piece = self._body.read(_PIECE)
        self._left -= len(piece)
        self._sent = self._left <= 0 or not piece
        return {"type": "http.request", "body": piece, "more_body": not self._sent}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"])
            self._headers = dict(pairs)
            return
        self._pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            self._done.set()


def _settings_for(path: str, blobs: str) -> Settings:
    if "://" in path:
        return Settings(store=path, blobs=blobs, doors=("native",))
    return Settings(data=path, blobs=blobs, doors=("native",))


def _scope(method: str, path: str, query: str, headers: Mapping[str, str], length: int) -> Scope:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    if length and not any(name == b"content-length" for name, _ in raw):
        raw.append((b"content-length", str(length).encode()))
    return {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": query.encode("latin-1", "replace"),
        "headers": raw,
        "client": None,
    }
