"""Folders on a disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from lineal.graph.errors import Invalid, LinealError, NotFound
from lineal.store import durable
from lineal.store.blobs.base import (
    TEMPORARY,
    Listed,
    Means,
    Part,
    Upload,
    beginning,
    failures,
    file_path,
    gone,
    in_thread,
    pieces_of,
    receive,
    safe_path,
    settle,
)
from lineal.store.blobs.listing import Listings
from lineal.store.blobs.parts import IncomingPart, Uploads

_FORGOTTEN = 24 * 3600.0
_SWEEP_AFTER = 3600.0


class Disk:
    """All folders on a disk, and what is on its way into them."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.temporary = base / TEMPORARY
        self.listings = Listings(self.temporary)
        self.uploads = Uploads(self.temporary)
        self._lock = threading.Lock()
        self._swept = -_SWEEP_AFTER
        self.sweep()

    @property
    def means(self) -> Means:
        """How files may travel."""
        return Means(parts=True, direct_upload=False, direct_download=False)

    def folder(self, place: str) -> LocalFolder:
        """The folder at a place below the base."""
        return LocalFolder(self, place)

    def part(self, upload: str, number: str, ticket: str) -> IncomingPart:
        """Where the part of a link goes; Denied when the link is none."""
        with failures():
            return self.uploads.part(upload, number, ticket)

    def sweep(self) -> None:
        """Remove what was on its way and did not arrive, a day after it last grew; at most once an hour."""
        with self._lock:
            if time.monotonic() - self._swept < _SWEEP_AFTER:
                return
            self._swept = time.monotonic()
        for each in self.temporary.iterdir() if self.temporary.is_dir() else ():
            _forget(each, time.time() - _FORGOTTEN)


def _forget(path: Path, before: float) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_mtime >= before:
            return
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


class LocalFolder:
    """A folder on a disk. A link in it is followed only to what is inside, too."""

    def __init__(self, disk: Disk, place: str) -> None:
        self._disk = disk
        self._place = place
        self._root = disk.base / place

    def entries(self, path: str = "", after: str = "") -> Iterator[Listed]:
        checked = safe_path(path)
        full = self._inside(path)
        with failures():
            try:
                found = self._disk.listings.entries(os.fspath(full), checked, after, self._resolve)
            except (FileNotFoundError, NotADirectoryError):
                return iter(())
        return found

    def list(self, path: str = "") -> list[Listed]:
        return list(self.entries(path))

    def _resolve(self, path: str) -> os.stat_result | None:
        """What a link leads to; None when it leads out, or to what is no file or folder."""
        try:
            found = self._inside(path).stat()
        except (LinealError, OSError):
            return None
        return found if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode) else None

    def size(self, path: str) -> int:
        full = self._inside(path)
        with failures(), gone(path):
            found = full.stat()
        if stat.S_ISDIR(found.st_mode):
            raise Invalid(f"{path!r} is a folder")
        if not stat.S_ISREG(found.st_mode):
            raise NotFound(f"no file {path!r}")
        return found.st_size

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        size = self.size(path)
        with failures(), gone(path):
            file = self._inside(path).open("rb")
        return pieces_of(file, start, size if end is None else min(end, size))

    async def write(self, path: str, stream: AsyncIterator[bytes]) -> int:
        first, whole = await beginning(stream)
        if whole:
            return await in_thread(self._put, path, first)
        full = self._inside(file_path(path))
        incoming = self._disk.temporary / uuid.uuid4().hex
        try:
            with await in_thread(self._create, incoming) as file:
                size = await receive(file, stream, settle, first)
            await in_thread(self._move, incoming, full, path)
        finally:
            _discard(incoming)
        return size

    def _put(self, path: str, content: bytes) -> int:
        """Write a small file, all in one go."""
        full = self._inside(file_path(path))
        incoming = self._disk.temporary / uuid.uuid4().hex
        try:
            with self._create(incoming) as file:
                file.write(content)
                settle(file)
            self._move(incoming, full, path)
        except BaseException:
            _discard(incoming)
            raise
        return len(content)

    def _create(self, incoming: Path) -> Any:
        durable.make_folder(incoming.parent)
        return incoming.open("xb")

    def delete(self, path: str) -> None:
        checked = safe_path(path)
        full = self._root / checked
        if checked:
            self._inside(str(Path(checked).parent))
        missing = contextlib.suppress(FileNotFoundError, NotADirectoryError)
        with failures(), missing, self._disk.listings.change(full, None):
            _remove(full)

    def start(self, path: str, parts: int) -> Upload | None:
        checked = file_path(path)
        full = self._inside(checked)
        with failures():
            self._disk.sweep()
            if full.is_dir():
                raise Invalid(f"{path!r} is a folder")
            return self._disk.uploads.start(self._place, checked, parts)

    def finish(self, path: str, upload: str, parts: Sequence[Part]) -> None:
        checked = file_path(path)
        full = self._inside(checked)
        with failures():
            with self._disk.uploads.joined(self._place, checked, upload, parts) as joined:
                self._move(joined, full, path)
            self._disk.uploads.end(self._place, checked, upload)

    def abandon(self, path: str, upload: str) -> None:
        with failures():
            self._disk.uploads.end(self._place, file_path(path), upload)

    def read_url(self, path: str, seconds: int) -> str | None:
        self.size(path)
        return None

    def write_url(self, path: str, seconds: int) -> str | None:
        self._inside(file_path(path))
        return None

    def _move(self, incoming: Path, full: Path, path: str) -> None:
        try:
            durable.make_folder(full.parent)
            with self._disk.listings.change(full, incoming.stat().st_size):
                incoming.replace(full)
        except IsADirectoryError:
            raise Invalid(f"{path!r} is a folder") from None
        except (FileExistsError, NotADirectoryError):
            raise Invalid(f"a part of {path!r} is a file") from None
        durable.sync(full.parent)

    def _inside(self, path: str) -> Path:
        """The file's place; Invalid when a link leads out of the folder."""
        full = self._root / safe_path(path)
        real, root = os.path.realpath(full), os.path.realpath(self._root)
        if real != root and not real.startswith(root + os.sep):
            raise Invalid(f"{path[:100]!r} leads out of the folder")
        return full


def _discard(incoming: Path) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        incoming.unlink()


def _remove(full: Path) -> None:
    if full.is_dir() and not full.is_symlink():
        shutil.rmtree(full)
    else:
        full.unlink()
