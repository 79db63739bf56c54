"""Bytes that belong to entities: one folder each, on any file system that fsspec knows."""

from __future__ import annotations

import asyncio
import os
import posixpath
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from lineal.graph.errors import Invalid, NotFound

PIECE = 1024 * 1024
_LONGEST = 2000
_TEMPORARY = ".incoming"


class Listed(NamedTuple):
    """An entry of a folder: its path relative to the folder's root, whether it is a folder, bytes."""

    path: str
    is_folder: bool
    size: int


class Blobs:
    """The root of all folders."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._found: tuple[Any, str] | None = None

    def folder(self, name: str) -> Folder:
        """The folder of an entity, by its uuid."""
        system, root = self._open()
        return Folder(system, f"{root}/{name[:2]}/{name}", f"{root}/{_TEMPORARY}")

    def _open(self) -> tuple[Any, str]:
        """Fsspec is imported when bytes are first needed, since it takes a while."""
        if self._found is None:
            from fsspec.core import url_to_fs

            try:
                system, root = url_to_fs(self.url)
            except ImportError as error:
                raise Invalid(
                    f"{self.url} needs an extra, such as pip install 'lineal[s3]': {error}"
                ) from None
            self._found = (system, root.rstrip("/"))
        return self._found


class Folder:
    """The bytes of one entity. Paths are relative with `/`; one that would leave the folder is Invalid."""

    def __init__(self, system: Any, root: str, temporary: str) -> None:
        self._system = system
        self._root = root
        self._temporary = temporary

    def list(self, path: str = "") -> list[Listed]:
        """Direct entries ordered by path; [] for what is not there or a file."""
        full = self._full(path)
        try:
            found = self._system.ls(full, detail=True, refresh=True) if self._is_folder(full) else []
        except FileNotFoundError:
            found = []
        entries = [self._listed(entry) for entry in found]
        return sorted(entry for entry in entries if entry.path != path.strip("/"))

    def size(self, path: str) -> int:
        """Bytes of a file; NotFound when there is none, Invalid for a folder."""
        full = self._full(path)
        try:
            found = self._system.info(full)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"no file {path!r}") from None
        if found["type"] == "directory":
            raise Invalid(f"{path!r} is a folder")
        return int(found["size"])

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """A file in pieces; NotFound before the first piece when there is none."""
        size = self.size(path)
        return self._pieces(self._full(path), start, size if end is None else min(end, size))

    def _pieces(self, full: str, start: int, end: int) -> Iterator[bytes]:
        with self._system.open(full, "rb") as file:
            file.seek(start)
            while start < end:
                piece = file.read(min(PIECE, end - start))
                if not piece:
                    return
                start += len(piece)
                yield piece

    async def write(self, path: str, stream: AsyncIterator[bytes]) -> int:
        """Replace a file by what the stream brings, whole or not at all; answers its size in bytes."""
        full = self._full(path)
        if full == self._root:
            raise Invalid("a file needs a name")
        if await asyncio.to_thread(self._is_folder, full):
            raise Invalid(f"{path!r} is a folder")
        incoming = f"{self._temporary}/{uuid.uuid4().hex}"
        try:
            size = await self._receive(incoming, stream)
            await asyncio.to_thread(self._move, incoming, full, path)
        except BaseException:
            await asyncio.to_thread(self._discard, incoming)
            raise
        return size

    async def _receive(self, incoming: str, stream: AsyncIterator[bytes]) -> int:
        await asyncio.to_thread(self._system.makedirs, self._temporary, exist_ok=True)
        file = await asyncio.to_thread(self._system.open, incoming, "wb")
        size, gathered = 0, bytearray()
        try:
            async for piece in stream:
                gathered += piece
                size += len(piece)
                if len(gathered) >= PIECE:
                    await asyncio.to_thread(file.write, bytes(gathered))
                    gathered.clear()
            await asyncio.to_thread(_finish, file, bytes(gathered))
        finally:
            await asyncio.to_thread(file.close)
        return size

    def _move(self, incoming: str, full: str, path: str) -> None:
        try:
            self._system.makedirs(posixpath.dirname(full), exist_ok=True)
            self._system.mv(incoming, full)
        except (FileExistsError, NotADirectoryError):
            raise Invalid(f"a part of {path!r} is a file") from None

    def _discard(self, incoming: str) -> None:
        try:
            self._system.rm(incoming)
        except FileNotFoundError:
            pass

    def delete(self, path: str) -> None:
        """Remove a file or folder; nothing happens when it is not there."""
        try:
            self._system.rm(self._full(path), recursive=True)
        except (FileNotFoundError, NotADirectoryError):
            pass

    def _is_folder(self, full: str) -> bool:
        return bool(self._system.isdir(full))

    def _listed(self, entry: dict[str, Any]) -> Listed:
        path = str(entry["name"]).rstrip("/").removeprefix(self._root).lstrip("/")
        folder = entry["type"] == "directory"
        return Listed(path, folder, 0 if folder else int(entry["size"]))

    def _full(self, path: str) -> str:
        return f"{self._root}/{checked}" if (checked := safe_path(path)) else self._root


def _finish(file: Any, rest: bytes) -> None:
    """Write the rest; on a local disk wait until it is there."""
    file.write(rest)
    if hasattr(file, "fileno"):
        file.flush()
        os.fsync(file.fileno())


def safe_path(path: str) -> str:
    """A relative path without tricks, normalised.

    Raises:
        Invalid: it is absolute, has `..`, a backslash, a drive or a control character, encoded or not.
    """
    plain = unquote(unquote(path))
    parts = plain.replace("\\", "/").split("/")
    if (
        plain.startswith(("/", "~"))
        or ".." in parts
        or "\\" in plain
        or ":" in parts[0]
        or len(path) > _LONGEST
    ):
        raise Invalid(f"invalid path {path[:100]!r}")
    if any(ord(character) < 32 for character in plain):
        raise Invalid("a path may not hold control characters")
    return "/".join(part for part in path.split("/") if part not in ("", "."))
