"""Folders of a disk, listed: names sorted once, remembered, and kept up to date with what is written through here."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import threading
import time
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from lineal.store import durable
from lineal.store.blobs.base import Listed

_MOST_NAMES = 250_000
_MOST_CHANGES = 5000
_SOME = 1000
_YOUNG = 2.0
"""Seconds after a change in which another one may leave a folder's time as it is."""
_TRUSTED = 60.0
"""Seconds for which our own changes are added to what was read. Somebody else's change in the very moment of one of
ours goes unnoticed; it is seen when the folder is read again."""
_FILE, _FOLDER, _LINK, _OTHER = range(4)

Resolve = Callable[[str], os.stat_result | None]
"""What a link leads to, by the path of the link; None when it leads out of the folder or nowhere."""


class Place(NamedTuple):
    """Which folder it is, whatever its path."""

    device: int
    number: int


class Names:
    """The names in one folder in order, with what each is, and how large as far as somebody asked."""

    def __init__(self, texts: list[str], kinds: bytearray, sizes: array[int]) -> None:
        self.texts, self.kinds, self.sizes = texts, kinds, sizes

    @classmethod
    def read(cls, full: str) -> Names:
        """Read a folder; OSError when there is none."""
        with os.scandir(full) as entries:
            found = sorted((entry.name, _kind(entry)) for entry in entries if _is_text(entry.name))
        kinds = bytearray(kind for _, kind in found)
        return cls([name for name, _ in found], kinds, array("q", [-1]) * len(found))

    def changed(self, changes: dict[str, int | None]) -> Names:
        """A copy in which some names are files of these bytes, or are gone."""
        copy = Names(self.texts.copy(), self.kinds.copy(), self.sizes[:])
        for name, size in changes.items():
            copy._change(name, size)
        return copy

    def _change(self, name: str, size: int | None) -> None:
        place = bisect_left(self.texts, name)
        same = slice(place, place + (self.texts[place : place + 1] == [name]))
        self.texts[same] = [] if size is None else [name]
        self.kinds[same] = b"" if size is None else bytes([_FILE])
        self.sizes[same] = array("q", [] if size is None else [size])


class Known:
    """What is remembered of a folder.

    Attributes:
        time: the folder's own time when the names were those.
        changes: what was written or removed since, by name: the bytes of a file, None for what is gone.
    """

    def __init__(self, names: Names, time_: int) -> None:
        self.lock = threading.Lock()
        self.time = time_
        self.changes: dict[str, int | None] = {}
        self._names = names
        self._end = time.monotonic() + _TRUSTED
        self._is_read = True

    def names(self, now: int) -> Names | None:
        """The names in a folder of this time; None when it has to be read again."""
        with self.lock:
            if self.time != now or (not self._is_read and time.monotonic() > self._end):
                return None
            if self.changes:
                self._names = self._names.changed(self.changes)
                self.changes = {}
            return self._names

    def note(self, name: str, size: int | None, now: int) -> None:
        """Note a change of ours, after which the folder has this time; who calls holds the lock."""
        self.changes[name] = size
        self.time, self._is_read = now, False
        if len(self.changes) > _MOST_CHANGES:
            self.time = -1

    def __len__(self) -> int:
        return len(self._names.texts) + len(self.changes)


class Listings:
    """Remembers the names of large folders that were listed lately. Files are replaced, never changed in place.

    Args:
        temporary: a folder on the same disk, to find out how exactly it tells the time of a change.
    """

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary
        self._known: OrderedDict[Place, Known] = OrderedDict()
        self._lock = threading.Lock()

    def entries(self, full: str, path: str, after: str, resolve: Resolve) -> Iterator[Listed]:
        """Entries of a folder ordered by path.

        Args:
            full: the folder.
            path: the same, relative to the root of an entity.
            after: the path of an entry; only those behind it are wanted.
            resolve: called for links.

        Raises:
            OSError: there is no such folder.
        """
        names = self._names(full)
        prefix = f"{path}/" if path else ""
        first = bisect_right(names.texts, after.removeprefix(prefix)) if after else 0
        return _entries(full, prefix, names, first, resolve)

    @contextlib.contextmanager
    def change(self, full: Path, size: int | None) -> Iterator[None]:
        """Around what puts a file of so many bytes to a place, or removes (None) what is there."""
        known = self._find(os.stat(full.parent))
        if known is None or not self._is_exact:
            yield
            return
        with known.lock:
            before, known_at = os.stat(full.parent).st_mtime_ns, known.time
            known.time = -1
            yield
            if before == known_at:
                known.note(full.name, size, os.stat(full.parent).st_mtime_ns)

    @cached_property
    def _is_exact(self) -> bool:
        """Whether each change gives a folder another time, once the last time was looked at."""
        durable.make_folder(self._temporary)
        with contextlib.suppress(OSError), tempfile.TemporaryDirectory(dir=self._temporary) as folder:
            times = [_touched(Path(folder, str(number))) for number in range(4)]
            return len(set(times)) == len(times)
        return False

    def _names(self, full: str) -> Names:
        before = os.stat(full)
        known = self._find(before)
        names = known.names(before.st_mtime_ns) if known is not None else None
        if names is None:
            names = Names.read(full)
            if time.time() - before.st_mtime > _YOUNG:
                self._keep(_place(before), Known(names, before.st_mtime_ns))
        return names

    def _find(self, found: os.stat_result) -> Known | None:
        with self._lock:
            known = self._known.get(_place(found))
            if known is not None:
                self._known.move_to_end(_place(found))
            return known

    def _keep(self, place: Place, known: Known) -> None:
        with self._lock:
            self._known[place] = known
            self._known.move_to_end(place)
            while len(self._known) > 1 and sum(map(len, self._known.values())) > _MOST_NAMES:
                self._known.popitem(last=False)


def _place(found: os.stat_result) -> Place:
    return Place(found.st_dev, found.st_ino)


def _touched(path: Path) -> int:
    path.touch()
    return os.stat(path.parent).st_mtime_ns


def _is_text(name: str) -> bool:
    """Whether a name can be told; one that is not UTF-8 cannot, and was not written by Lineal."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def _kind(entry: os.DirEntry[str]) -> int:
    if entry.is_file(follow_symlinks=False):
        return _FILE
    if entry.is_dir(follow_symlinks=False):
        return _FOLDER
    return _LINK if entry.is_symlink() else _OTHER


def _entries(full: str, prefix: str, names: Names, first: int, resolve: Resolve) -> Iterator[Listed]:
    """Look at some entries after another, at files for their size only if nobody did."""
    for start in range(first, len(names.texts), _SOME):
        some = slice(start, start + _SOME)
        _measure(full, names, some)
        for name, kind, size in zip(names.texts[some], names.kinds[some], names.sizes[some], strict=True):
            if kind == _FILE and size >= 0:
                yield Listed(prefix + name, False, size)
            elif kind == _FOLDER:
                yield Listed(prefix + name, True, 0)
            elif kind == _LINK:
                yield from _link(prefix + name, resolve)


def _measure(full: str, names: Names, some: slice) -> None:
    """Note the bytes of files; those that are gone meanwhile stay without."""
    folder, texts, kinds, sizes = full + os.sep, names.texts, names.kinds, names.sizes
    for place in range(len(texts))[some]:
        if sizes[place] < 0 and kinds[place] == _FILE:
            try:
                sizes[place] = os.lstat(folder + texts[place]).st_size
            except OSError:
                continue


def _link(path: str, resolve: Resolve) -> Iterator[Listed]:
    """A link as what it leads to; nothing for one that leads out."""
    found = resolve(path)
    if found is not None:
        is_folder = stat.S_ISDIR(found.st_mode)
        yield Listed(path, is_folder, 0 if is_folder else found.st_size)
