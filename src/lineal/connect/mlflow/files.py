"""Folders that are read and never left, and where artifacts may be fetched from.

A location in the data of a source says where a client once put files, and may say anything. So only what lies below
a root that the user named is read; nothing that the data names is ever asked over the network.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from lineal.graph.errors import Invalid, Unavailable

LARGEST_TEXT = 64 << 20
"""Bytes of a file that is read as a whole."""

_PROXY = "mlflow-artifacts"


class Folder(Protocol):
    """The artifacts of one run or model."""

    def files(self) -> Iterator[tuple[str, int]]:
        """Paths, with `/`, and sizes in bytes."""
        ...

    def local(self, path: str) -> AbstractContextManager[Path]:
        """One of the files as one on this machine, for as long as the context lasts."""
        ...


class Tree:
    """A folder on this machine. A link in it that leads out of it is taken for missing.

    Args:
        root: the folder.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(os.path.realpath(root))

    def below(self, *parts: str) -> Path | None:
        """A place in the folder that is there."""
        place = self.root.joinpath(*parts)
        real = Path(os.path.realpath(place))
        return real if real.is_relative_to(self.root) and real.exists() else None

    def folders(self, *parts: str) -> list[str]:
        """Names of the folders in a folder, in order."""
        return sorted(entry.name for entry in self._entries(self.below(*parts)) if entry.is_dir())

    def files(self, *parts: str) -> Iterator[tuple[str, int]]:
        """Paths and sizes of all files below a folder, relative to it."""
        waiting = [(self.below(*parts), "")]
        while waiting:
            folder, above = waiting.pop()
            for entry in self._entries(folder):
                if entry.is_dir():
                    waiting.append((Path(entry.path), f"{above}{entry.name}/"))
                elif entry.is_file():
                    yield above + entry.name, entry.stat().st_size

    def _entries(self, folder: Path | None) -> list[os.DirEntry[str]]:
        if folder is None or not folder.is_dir():
            return []
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.is_symlink() or self._leads_inside(entry.path)]

    def _leads_inside(self, path: str) -> bool:
        """Whether a link leads into the folder, and not to one that contains it, where a walk would never end."""
        real = Path(os.path.realpath(path))
        return real.is_relative_to(self.root) and not Path(path).parent.is_relative_to(real)

    def text(self, *parts: str) -> str | None:
        """The text of a file; None when it is not there.

        Raises:
            Invalid: it is larger than any text of MLflow's.
        """
        place = self.below(*parts)
        if place is None or not place.is_file():
            return None
        if place.stat().st_size > LARGEST_TEXT:
            raise Invalid(f"{place} is too large for what it should be")
        return place.read_text("utf-8", "replace")

    def texts(self, *parts: str) -> dict[str, str]:
        """The texts of all files below a folder, by path."""
        found = ((path, self.text(*parts, *path.split("/"))) for path, _ in self.files(*parts))
        return {path: text for path, text in found if text is not None}


class LocalFolder:
    """A folder on this machine."""

    def __init__(self, root: Path) -> None:
        self._tree = Tree(root)

    def files(self) -> Iterator[tuple[str, int]]:
        return self._tree.files()

    @contextlib.contextmanager
    def local(self, path: str) -> Iterator[Path]:
        place = self._tree.below(*path.split("/"))
        if place is None:
            raise Unavailable(f"{path} is gone")
        yield place


class RemoteFolder:
    """A folder in an object store, through fsspec."""

    def __init__(self, system: Any, root: str) -> None:
        self._system, self._root = system, root.rstrip("/")

    def files(self) -> Iterator[tuple[str, int]]:
        try:
            found = self._system.find(self._root, detail=True)
        except FileNotFoundError:
            return
        for path, about in sorted(found.items()):
            inner = str(path).removeprefix(self._root).lstrip("/")
            if is_plain(inner):
                yield inner, int(about.get("size") or 0)

    @contextlib.contextmanager
    def local(self, path: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="lineal-") as scratch:
            place = Path(scratch, "file")
            self._system.get_file(f"{self._root}/{path}", str(place))
            yield place


class Root(NamedTuple):
    """What locations begin with, and the folder or URL that this stands for."""

    prefix: str
    place: str


class Roots:
    """Where artifacts may be read.

    Args:
        given: each a folder or a URL of an object store; or `PREFIX=PLACE`, when what locations in the data begin
            with is found at another place. A folder alone also stands for what a server keeps behind
            `mlflow-artifacts:`.
    """

    def __init__(self, given: Sequence[str]) -> None:
        self._roots = [root for each in given for root in _roots_of(each)]

    def folder(self, location: str) -> Folder | None:
        """The folder at a location; None when it is below no root."""
        wanted = normal(location)
        for prefix, place in self._roots:
            inner = _inner(wanted, prefix)
            if inner is not None:
                return _open(place, inner)
        return None


def _roots_of(given: str) -> list[Root]:
    prefix, separator, place = given.partition("=")
    if separator:
        return [Root(normal(prefix), _absolute(place))]
    place = _absolute(given)
    return [Root(normal(place), place), Root(f"{_PROXY}:/", place)]


def _absolute(place: str) -> str:
    local = local_path(place)
    return os.path.realpath(local) if local is not None else place


def local_path(location: str) -> str | None:
    """The path on this machine that a location means; None when it is elsewhere."""
    parts = urlsplit(location)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return unquote(parts.path)
    return location if "://" not in location and not location.startswith(f"{_PROXY}:") else None


def is_place(location: str) -> bool:
    """Whether a text says where files are, rather than what they belong to as `runs:/ID` does."""
    return location.startswith(("/", "file:", f"{_PROXY}:")) or "://" in location


def normal(location: str) -> str:
    """A location in one form, so that one can be compared with another: no `..` is left in it."""
    local = local_path(location)
    if local is not None:
        return os.path.abspath(local)
    scheme, _, rest = location.partition(":")
    host, path = "", rest
    if rest.startswith("//"):
        host, _, path = rest[2:].partition("/")
    if scheme == _PROXY:
        host = ""
    path = posixpath.normpath("/" + path.lstrip("/"))
    return f"{scheme}:{'//' + host if host else ''}{path}"


def _inner(location: str, prefix: str) -> str | None:
    """What follows the prefix, if the location is it or below it."""
    short = prefix.rstrip("/")
    if location in (short, prefix):
        return ""
    return location[len(short) + 1 :] if location.startswith(short + "/") else None


def _open(place: str, inner: str) -> Folder | None:
    if local_path(place) is not None:
        return _open_local(place, inner)
    from fsspec.core import url_to_fs

    if urlsplit(place).scheme in ("http", "https", "ftp"):
        raise Invalid(f"{place} is no place to copy artifacts from: name a folder or an object store")
    try:
        system, root = url_to_fs(place)
    except (ImportError, ValueError) as error:
        raise Invalid(f"{place} needs an extra, such as lineal[s3]: {error}") from None
    return RemoteFolder(system, posixpath.join(root, inner))


def _open_local(place: str, inner: str) -> Folder | None:
    """A folder below a root, which may be missing when nothing was ever put there; None when a link leads out."""
    wanted = Path(place, inner)
    below = Tree(place).below(*inner.split("/"))
    return LocalFolder(wanted if below is None else below) if below or not os.path.lexists(wanted) else None


def is_plain(path: str) -> bool:
    """Whether a path leads down and nowhere else."""
    parts = path.split("/")
    return bool(path) and not path.startswith("/") and ".." not in parts and "\\" not in path
