"""Bytes that belong to entities: one folder each, on the local disk or on any file system that fsspec knows."""

from __future__ import annotations

from pathlib import Path

from lineal.graph.errors import Denied
from lineal.store.blobs.base import PIECE, Folder, Link, Listed, Means, Upload, safe_path
from lineal.store.blobs.local import Disk
from lineal.store.blobs.parts import IncomingPart
from lineal.store.blobs.remote import Remote

__all__ = [
    "PIECE",
    "Blobs",
    "Folder",
    "IncomingPart",
    "Link",
    "Listed",
    "Means",
    "Upload",
    "safe_path",
]


class Blobs:
    """The root of all folders.

    Args:
        url: a folder, or any URL that fsspec knows.
        direct: whether clients reach an object store themselves and may be given links to it, which hold for
            whoever has them until they expire.
    """

    def __init__(self, url: str, direct: bool = False) -> None:
        self.url = url
        local = _local_path(url)
        self._place: Disk | Remote = Remote(url, direct) if local is None else Disk(local)

    @property
    def means(self) -> Means:
        """How files may travel, other than in one piece through the server."""
        return self._place.means

    def folder(self, name: str) -> Folder:
        """The folder of an entity, by its uuid."""
        return self._place.folder(f"{name[:2]}/{name}")

    def part(self, upload: str, number: str, ticket: str) -> IncomingPart:
        """Where the part of a link goes that leads to this server.

        Args:
            upload, number, ticket: the two segments of the link's path, and its query.

        Raises:
            Denied: the link was not given out, it has expired, or the upload is over.
        """
        if isinstance(self._place, Remote):
            raise Denied("files arrive here in one piece")
        return self._place.part(upload, number, ticket)


def _local_path(url: str) -> Path | None:
    """The folder on this machine; None for a URL that leads elsewhere."""
    if "://" in url and not url.startswith("file://"):
        return None
    return Path(url.removeprefix("file://")).absolute()
