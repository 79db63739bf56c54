"""Bytes that belong to entities: one folder each, on the local disk or on any file system that fsspec knows."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import stat
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote

from lineal.graph.errors import Invalid, LinealError, NotFound, Unavailable
from lineal.store import durable

PIECE = 1024 * 1024
_LONGEST, _LONGEST_PART = 2000, 255
_TEMPORARY = ".incoming"
_FORGOTTEN = 24 * 3600.0
_NAMES = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ELOOP}
_ATOMIC = {"s3", "gs", "gcs"}
"""Object stores where a file appears when it is closed, and not at all before."""
T = TypeVar("T")


class Listed(NamedTuple):
    """An entry of a folder: its path relative to the folder's root, whether it is a folder, bytes."""

    path: str
    is_folder: bool
    size: int


class Folder(Protocol):
    """The bytes of one entity. Paths are relative with `/`; one that would leave the folder is Invalid.

    All raise Unavailable when the disk or the object store fails.
    """

    def list(self, path: str = "") -> list[Listed]:
        """Direct entries ordered by path; [] for what is not there or a file."""
        ...

    def size(self, path: str) -> int:
        """Bytes of a file; NotFound when there is none, Invalid for a folder."""
        ...

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """A file in pieces; NotFound before the first piece when there is none."""
        ...

    async def write(self, path: str, stream: AsyncIterator[bytes]) -> int:
        """Replace a file by what the stream brings, whole or not at all; answers its size in bytes.

        Raises:
            Invalid: there is a folder, or on a disk a part of the path is a file. In an object store a file and
                a folder may have one name.
        """
        ...

    def delete(self, path: str) -> None:
        """Remove a file or folder; nothing happens when it is not there."""
        ...


class Blobs:
    """The root of all folders."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._remote: tuple[Any, str] | None = None
        self._local = _local_path(url)
        if self._local is not None:
            _sweep(self._local / _TEMPORARY)

    def folder(self, name: str) -> Folder:
        """The folder of an entity, by its uuid."""
        place = f"{name[:2]}/{name}"
        if self._local is not None:
            return LocalFolder(self._local, place)
        system, root = self._open()
        return RemoteFolder(system, f"{root}/{place}", f"{root}/{_TEMPORARY}")

    def _open(self) -> tuple[Any, str]:
        """Fsspec is imported when it is first needed, since it takes a while."""
        if self._remote is None:
            from fsspec.core import url_to_fs

            try:
                # What another process writes must be seen at once.
                system, root = url_to_fs(self.url, use_listings_cache=False)
            except (ImportError, ValueError) as error:
                raise Invalid(f"{self.url} needs an extra, such as lineal[s3]: {error}") from None
            self._remote = (system, root.rstrip("/"))
        return self._remote


def _local_path(url: str) -> Path | None:
    """The folder on this machine; None for a URL that leads elsewhere."""
    if "://" in url and not url.startswith("file://"):
        return None
    return Path(url.removeprefix("file://")).absolute()


def _sweep(temporary: Path) -> None:
    """Remove what writers that died left behind, a day after."""
    for file in temporary.iterdir() if temporary.is_dir() else ():
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_mtime < time.time() - _FORGOTTEN:
                file.unlink()


class LocalFolder:
    """A folder on a disk. A link in it is followed only to what is inside, too."""

    def __init__(self, base: Path, place: str) -> None:
        self._root = base / place
        self._temporary = base / _TEMPORARY

    def list(self, path: str = "") -> list[Listed]:
        full = self._inside(path)
        with _failures():
            try:
                with os.scandir(full) as entries:
                    found = [self._listed(entry) for entry in entries]
            except (FileNotFoundError, NotADirectoryError):
                return []
        return sorted(entry for entry in found if entry is not None)

    def _listed(self, entry: os.DirEntry[str]) -> Listed | None:
        """An entry; None for one that leads out, or is gone meanwhile."""
        path = Path(entry.path).relative_to(self._root).as_posix()
        try:
            if entry.is_symlink():
                self._inside(path)
            return Listed(path, True, 0) if entry.is_dir() else Listed(path, False, entry.stat().st_size)
        except (Invalid, OSError):
            return None

    def size(self, path: str) -> int:
        full = self._inside(path)
        with _failures(), _gone(path):
            found = full.stat()
        if stat.S_ISDIR(found.st_mode):
            raise Invalid(f"{path!r} is a folder")
        if not stat.S_ISREG(found.st_mode):
            raise NotFound(f"no file {path!r}")
        return found.st_size

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        size = self.size(path)
        with _failures(), _gone(path):
            file = self._inside(path).open("rb")
        return _pieces(file, start, size if end is None else min(end, size))

    async def write(self, path: str, stream: AsyncIterator[bytes]) -> int:
        full = self._inside(_file_path(path))
        incoming = self._temporary / uuid.uuid4().hex
        try:
            with await _thread(self._create, incoming) as file:
                size = await _receive(file, stream, _finish)
            await _thread(_move, incoming, full, path)
        finally:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                incoming.unlink()
        return size

    def _create(self, incoming: Path) -> Any:
        durable.make_folder(self._temporary)
        return incoming.open("xb")

    def delete(self, path: str) -> None:
        checked = safe_path(path)
        full = self._root / checked
        if checked:
            self._inside(str(Path(checked).parent))
        with _failures(), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if full.is_dir() and not full.is_symlink():
                shutil.rmtree(full)
            else:
                full.unlink()

    def _inside(self, path: str) -> Path:
        """The file's place; Invalid when a link leads out of the folder."""
        full = self._root / safe_path(path)
        real, root = os.path.realpath(full), os.path.realpath(self._root)
        if real != root and not real.startswith(root + os.sep):
            raise Invalid(f"{path[:100]!r} leads out of the folder")
        return full


def _move(incoming: Path, full: Path, path: str) -> None:
    try:
        durable.make_folder(full.parent)
        incoming.replace(full)
    except IsADirectoryError:
        raise Invalid(f"{path!r} is a folder") from None
    except (FileExistsError, NotADirectoryError):
        raise Invalid(f"a part of {path!r} is a file") from None
    durable.sync(full.parent)


def _finish(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


class RemoteFolder:
    """A folder on a file system of fsspec."""

    def __init__(self, system: Any, root: str, temporary: str) -> None:
        self._system = system
        self._root = root
        self._temporary = temporary
        names = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
        self._atomic = not _ATOMIC.isdisjoint(names)

    def list(self, path: str = "") -> list[Listed]:
        full = self._full(path)
        with _failures():
            try:
                found = self._system.ls(full, detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return []
        entries = (self._listed(entry) for entry in found)
        return sorted(entry for entry in entries if f"{self._root}/{entry.path}".rstrip("/") != full)

    def _listed(self, entry: dict[str, Any]) -> Listed:
        path = str(entry["name"]).rstrip("/").removeprefix(self._root).lstrip("/")
        folder = entry["type"] == "directory"
        return Listed(path, folder, 0 if folder else int(entry["size"]))

    def size(self, path: str) -> int:
        full = self._full(path)
        with _failures(), _gone(path):
            found = self._system.info(full)
        if found["type"] == "directory":
            raise Invalid(f"{path!r} is a folder")
        return int(found["size"])

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        size = self.size(path)
        with _failures(), _gone(path):
            file = self._system.open(self._full(path), "rb")
        return _pieces(file, start, size if end is None else min(end, size))

    async def write(self, path: str, stream: AsyncIterator[bytes]) -> int:
        full = self._full(_file_path(path))
        if await _thread(self._system.isdir, full):
            raise Invalid(f"{path!r} is a folder")
        return await (self._put(full, stream) if self._atomic else self._put_and_move(full, stream))

    async def _put(self, full: str, stream: AsyncIterator[bytes]) -> int:
        file = await _thread(self._system.open, full, "wb")
        try:
            return await _receive(file, stream, _close)
        except BaseException:
            await _thread(file.discard)
            # Closing it would store what came so far.
            file.closed = True
            raise

    async def _put_and_move(self, full: str, stream: AsyncIterator[bytes]) -> int:
        incoming = f"{self._temporary}/{uuid.uuid4().hex}"
        await _thread(self._open_folder, self._temporary)
        file = await _thread(self._system.open, incoming, "wb")
        try:
            size = await _receive(file, stream, _close)
            await _thread(self._open_folder, full.rpartition("/")[0])
            await _thread(self._system.mv, incoming, full)
        except BaseException:
            await _thread(self._discard, file, incoming)
            raise
        return size

    def _open_folder(self, full: str) -> None:
        self._system.makedirs(full, exist_ok=True)

    def _discard(self, file: Any, incoming: str) -> None:
        file.close()
        with contextlib.suppress(FileNotFoundError):
            self._system.rm(incoming)

    def delete(self, path: str) -> None:
        with _failures(), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self._system.rm(self._full(path), recursive=True)

    def _full(self, path: str) -> str:
        return f"{self._root}/{checked}" if (checked := safe_path(path)) else self._root


def _close(file: Any) -> None:
    file.close()


def _pieces(file: Any, start: int, end: int) -> Iterator[bytes]:
    with file, _failures():
        file.seek(start)
        while start < end and (piece := file.read(min(PIECE, end - start))):
            start += len(piece)
            yield piece


async def _receive(file: Any, stream: AsyncIterator[bytes], finish: Callable[[Any], None]) -> int:
    """Write what the stream brings, in large pieces; answers the bytes. The file is left open on failure."""
    size, gathered = 0, bytearray()
    async for piece in stream:
        gathered += piece
        size += len(piece)
        if len(gathered) >= PIECE:
            await _thread(file.write, bytes(gathered))
            gathered.clear()
    await _thread(file.write, bytes(gathered))
    await _thread(finish, file)
    return size


async def _thread(work: Callable[..., T], *args: Any) -> T:
    """Run blocking work; when cancelled, wait until it has ended, so that nothing goes on behind one's back."""
    task = asyncio.ensure_future(asyncio.to_thread(_careful, work, *args))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _careful(work: Callable[..., T], *args: Any) -> T:
    with _failures():
        return work(*args)


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    """Turn what a disk or an object store reports into errors of ours."""
    try:
        yield
    except LinealError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NAMES:
            raise Invalid(f"the file's name will not do: {error.strerror}") from error
        if isinstance(error, OSError) or type(error).__module__ != "builtins":
            raise Unavailable(f"the files cannot be reached: {error}") from error
        raise


@contextlib.contextmanager
def _gone(path: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"no file {path!r}") from None


def _file_path(path: str) -> str:
    """The path of a file, which has a name."""
    checked = safe_path(path)
    if not checked:
        raise Invalid("a file needs a name")
    return checked


def safe_path(path: str) -> str:
    """A relative path without tricks, normalised.

    Raises:
        Invalid: it is absolute, has `..`, a backslash, a drive or a control character, encoded or not; or it is
            too long.
    """
    plain = unquote(unquote(path))
    parts = plain.replace("\\", "/").split("/")
    if plain.startswith(("/", "~")) or ".." in parts or "\\" in plain or ":" in parts[0]:
        raise Invalid(f"invalid path {path[:100]!r}")
    if not all(character >= " " and character != "\x7f" for character in plain):
        raise Invalid("a path may not hold control characters")
    if len(_encoded(path)) > _LONGEST or any(len(_encoded(part)) > _LONGEST_PART for part in parts):
        raise Invalid(f"a path has up to {_LONGEST} bytes, each part up to {_LONGEST_PART}")
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Invalid("a path may not hold half of a surrogate pair") from None
