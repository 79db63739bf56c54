"""Folders of a disk, listed: names sorted once and remembered as long as the folder does not change."""

from __future__ import annotations

import os
import stat
import threading
import time
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lineal.store.blobs.base import Listed

_MOST_NAMES = 250_000
_SOME = 1000
_YOUNG = 2.0
"""Seconds after a change in which another one may leave a folder's time as it is."""
_FILE, _FOLDER, _LINK, _OTHER = range(4)

Resolve = Callable[[str], os.stat_result | None]
"""What a link leads to, by the path of the link; None when it leads out of the folder or nowhere."""


class Stamp(NamedTuple):
    """What changes when an entry of a folder comes, goes or is replaced."""

    device: int
    number: int
    time: int


class Names:
    """The names in one folder in order, with what each is, and how large as far as somebody asked."""

    def __init__(self, full: str) -> None:
        with os.scandir(full) as entries:
            found = sorted((entry.name, _kind(entry)) for entry in entries if _is_text(entry.name))
        self.texts = [name for name, _ in found]
        self.kinds = bytes(kind for _, kind in found)
        self.sizes = array("q", [-1]) * len(found)


class Listings:
    """Remembers the names of large folders that were listed lately. Files are replaced, never changed in place."""

    def __init__(self) -> None:
        self._known: OrderedDict[Stamp, Names] = OrderedDict()
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

    def _names(self, full: str) -> Names:
        before = os.stat(full)
        stamp = Stamp(before.st_dev, before.st_ino, before.st_mtime_ns)
        with self._lock:
            known = self._known.get(stamp)
            if known is not None:
                self._known.move_to_end(stamp)
                return known
        names = Names(full)
        if time.time() - before.st_mtime > _YOUNG:
            self._keep(stamp, names)
        return names

    def _keep(self, stamp: Stamp, names: Names) -> None:
        with self._lock:
            self._known[stamp] = names
            while (
                len(self._known) > 1 and sum(len(each.texts) for each in self._known.values()) > _MOST_NAMES
            ):
                self._known.popitem(last=False)


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
