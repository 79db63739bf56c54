"""What a folder of bytes is, and what disks and object stores have in common."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar
from urllib.parse import unquote

from lineal.graph.errors import Invalid, LinealError, NotFound, Unavailable

PIECE = 1024 * 1024
TEMPORARY = ".incoming"
MOST_PARTS = 10_000
LINK_SECONDS = 24 * 3600
"""How long the parts of a file may be sent after the first was announced."""
_LONGEST, _LONGEST_PART = 2000, 255
_NAMES = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ELOOP}
T = TypeVar("T")
Part = tuple[int, str]


class Listed(NamedTuple):
    """An entry of a folder: its path relative to the folder's root, whether it is a folder, bytes."""

    path: str
    is_folder: bool
    size: int


class Link(NamedTuple):
    """Where part `number` of a file is to be sent with PUT, by whoever has the link.

    Attributes:
        url: an object store's own; or relative, `UPLOAD/NUMBER?until=…&signature=…`, for a server to complete.
    """

    number: int
    url: str


class Upload(NamedTuple):
    """A file that arrives in parts, in any order, and becomes a file when it is finished."""

    id: str
    links: list[Link]


class Folder(Protocol):
    """The bytes of one entity. Paths are relative with `/`; one that would leave the folder is Invalid.

    All raise Unavailable when the disk or the object store fails.
    """

    def entries(self, path: str = "", after: str = "") -> Iterator[Listed]:
        """Direct entries ordered by path, those after a path; none for what is not there or a file.

        Each is looked at when it is drawn, so that a few of very many cost little.
        """
        ...

    def list(self, path: str = "") -> list[Listed]:
        """All of `entries`."""
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

    def start(self, path: str, parts: int) -> Upload | None:
        """Announce a file that arrives in parts; None where files arrive in one piece only.

        Raises:
            Invalid: there would be no part, or more than 10,000.
        """
        ...

    def finish(self, path: str, upload: str, parts: Sequence[Part]) -> None:
        """Make the parts one file, whole or not at all; then the upload is over.

        Args:
            path: of the file.
            upload: its id.
            parts: number and tag of each in order, as they were answered when it arrived.

        Raises:
            NotFound: no such upload of this file is under way.
            Invalid: a part has not arrived, or another than this one. It may be sent again.
        """
        ...

    def abandon(self, path: str, upload: str) -> None:
        """Forget the parts; nothing happens when there is no such upload of this file."""
        ...

    def read_url(self, path: str, seconds: int) -> str | None:
        """Where anybody may fetch the file for so long, without the server; None when nowhere."""
        ...

    def write_url(self, path: str, seconds: int) -> str | None:
        """Where anybody may put the file for so long, without the server; None when nowhere."""
        ...


class Means(NamedTuple):
    """How files may travel, other than in one piece through the server.

    Attributes:
        parts: in parts.
        direct_upload: from the client to an object store.
        direct_download: from an object store to the client.
    """

    parts: bool
    direct_upload: bool
    direct_download: bool


def check_parts(parts: int) -> None:
    """Refuse an upload of no part, or of too many; Invalid."""
    if not 1 <= parts <= MOST_PARTS:
        raise Invalid(f"a file arrives in 1 to {MOST_PARTS} parts, not in {parts}")


def check_arrived(arrived: Mapping[int, str], parts: Sequence[Part], count: int | None = None) -> None:
    """Refuse to finish an upload with parts that are not there.

    Args:
        arrived: tags by number of those that are.
        parts: those that are to become the file.
        count: how many were announced, if that is known.

    Raises:
        Invalid: the parts are not numbered from 1 on without a gap, or one is missing or another than this one.
    """
    wanted = range(1, (count or max(len(parts), 1)) + 1)
    named = {number: tag.strip('"') for number, tag in parts}
    there = {number: tag.strip('"') for number, tag in arrived.items()}
    missing = [str(each) for each in wanted if each not in there or there[each] != named.get(each)]
    if missing:
        raise Invalid(f"send these parts again and name each with its ETag: {', '.join(missing[:20])}")
    if [number for number, _ in parts] != list(wanted):
        raise Invalid(f"name each of the {len(wanted)} parts once, in order")


def pieces_of(file: Any, start: int, end: int) -> Iterator[bytes]:
    """The bytes of an open file between two places; closes it."""
    with file, failures():
        file.seek(start)
        while start < end and (piece := file.read(min(PIECE, end - start))):
            start += len(piece)
            yield piece


async def beginning(stream: AsyncIterator[bytes]) -> tuple[bytes, bool]:
    """A large piece of what the stream brings, and whether that is all."""
    gathered = bytearray()
    async for piece in stream:
        gathered += piece
        if len(gathered) >= PIECE:
            return bytes(gathered), False
    return bytes(gathered), True


async def receive(
    file: Any, stream: AsyncIterator[bytes], finish: Callable[[Any], None], first: bytes = b""
) -> int:
    """Write what the stream brings, in large pieces, after what it brought first; answers the bytes.

    The file is left open on failure.
    """
    size, gathered = len(first), bytearray(first)
    async for piece in stream:
        gathered += piece
        size += len(piece)
        if len(gathered) >= PIECE:
            await in_thread(file.write, bytes(gathered))
            gathered.clear()
    await in_thread(file.write, bytes(gathered))
    await in_thread(finish, file)
    return size


def settle(file: Any) -> None:
    """Wait until the bytes of an open file are on the disk."""
    file.flush()
    os.fsync(file.fileno())


async def in_thread(work: Callable[..., T], *args: Any) -> T:
    """Run blocking work; when cancelled, wait until it has ended, so that nothing goes on behind one's back."""
    task = asyncio.ensure_future(asyncio.to_thread(_careful, work, *args))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _careful(work: Callable[..., T], *args: Any) -> T:
    with failures():
        return work(*args)


@contextlib.contextmanager
def failures() -> Iterator[None]:
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
def gone(path: str) -> Iterator[None]:
    """Tell that a file is not there in words of ours."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"no file {path!r}") from None


def file_path(path: str) -> str:
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
