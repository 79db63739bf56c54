"""The web UI's files, held in memory once they were asked for."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from lineal.protocols.base import Reply, content_type_of

FOLDER = Path(__file__).parent / "static"

_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
_SECURITY = (
    ("Content-Security-Policy", _POLICY),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
)
_COMPRESSIBLE = frozenset({".html", ".js", ".css", ".svg", ".json", ".map", ".txt", ".webmanifest"})
_UNBUILT = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Lineal</title>
<h1>Lineal is running</h1>
<p>Its web UI was not built into this installation. In a checkout, <code>make ui</code> builds it.</p>
<p>The API answers under <a href="/api/v1/openapi.json">/api/v1</a>.</p></html>
"""


class File(NamedTuple):
    """A file as it is sent: whole, and compressed where that is worth it."""

    content: bytes
    compressed: bytes | None
    content_type: str
    tag: str
    forever: bool


class StaticFiles:
    """One folder of files, with `index.html` for every page of the UI."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._files: dict[str, File] | None = None

    def find(self, path: str, headers: Mapping[str, str]) -> Reply | None:
        """The file at this path, or the front page at `/`; None when there is none. Reads files at first."""
        files = self._loaded()
        if path == "/":
            return self.page(headers)
        file = files.get(path)
        return _reply(file, headers) if file else None

    def page(self, headers: Mapping[str, str]) -> Reply:
        """The front page, which finds its way by the address bar."""
        index = self._loaded().get("/index.html")
        if index is None:
            return Reply(200, _UNBUILT, "text/html; charset=utf-8", _SECURITY)
        return _reply(index, headers)

    def _loaded(self) -> dict[str, File]:
        with self._lock:
            if self._files is None:
                paths = sorted(self._folder.rglob("*")) if self._folder.is_dir() else []
                relative = {path: "/" + path.relative_to(self._folder).as_posix() for path in paths}
                self._files = {name: _read(path, name) for path, name in relative.items() if _served(path)}
            return self._files


def _served(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _read(path: Path, name: str) -> File:
    content = path.read_bytes()
    packed = gzip.compress(content, 6, mtime=0) if path.suffix in _COMPRESSIBLE else None
    tag = hashlib.sha256(content).hexdigest()[:20]
    # The build puts a hash of the content into the names of what it puts there.
    return File(content, packed, content_type_of(name), tag, name.startswith("/assets/"))


def _reply(file: File, headers: Mapping[str, str]) -> Reply:
    cache = "public, max-age=31536000, immutable" if file.forever else "no-cache"
    packed = file.compressed if "gzip" in headers.get("accept-encoding", "") else None
    tag = f'"{file.tag}-gz"' if packed else f'"{file.tag}"'
    sent = [*_SECURITY, ("ETag", tag), ("Cache-Control", cache), ("Vary", "Accept-Encoding")]
    if headers.get("if-none-match") == tag:
        return Reply(304, b"", file.content_type, sent)
    if packed:
        sent.append(("Content-Encoding", "gzip"))
    return Reply(200, packed or file.content, file.content_type, sent)
