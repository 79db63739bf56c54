"""Files that arrive on a disk in parts, each at a link of its own that whoever has it may use for a day.

An upload is a folder among the temporary files: `about.json`, and for each part that arrived one file named after
its number and the MD5 of its bytes. Nothing is kept in memory, so an upload outlives the server.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import msgspec

from lineal.graph.errors import Denied, NotFound
from lineal.store import durable
from lineal.store.blobs.base import (
    LINK_SECONDS,
    PIECE,
    Link,
    Part,
    Upload,
    check_arrived,
    check_parts,
    in_thread,
    receive,
    settle,
)

_ABOUT = "about.json"
_ID = re.compile(r"[0-9a-f]{32}")
_PART = re.compile(r"(\d+)-([0-9a-f]{32})")
_TICKET = re.compile(r"until=([0-9]{1,12})&signature=([0-9a-f]{64})")
_USELESS = "this link is no longer valid, or never was; announce the file anew"


class About(msgspec.Struct, frozen=True):
    """What an upload is for.

    Attributes:
        place: the folder of the entity.
        path: of the file in it.
        parts: how many there will be.
        secret: signs the links.
    """

    place: str
    path: str
    parts: int
    secret: str


_about = msgspec.json.Decoder(About)


class Uploads:
    """Uploads that are under way on one disk.

    Args:
        temporary: folder that holds one for each.
    """

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary

    def start(self, place: str, path: str, parts: int) -> Upload:
        """Make room for a file's parts.

        Raises:
            Invalid: there would be no part, or too many.
        """
        check_parts(parts)
        name = uuid.uuid4().hex
        about = About(place, path, parts, secrets.token_hex(32))
        durable.make_folder(self._temporary / name)
        with open(self._temporary / name / _ABOUT, "xb", opener=_private) as file:
            file.write(msgspec.json.encode(about))
            settle(file)
        until = int(time.time()) + LINK_SECONDS
        return Upload(
            name, [Link(number, _url(about, name, number, until)) for number in range(1, parts + 1)]
        )

    def part(self, upload: str, number: str, ticket: str) -> IncomingPart:
        """Where the part of a link goes.

        Args:
            upload, number, ticket: the two segments of the link's path, and its query.

        Raises:
            Denied: the link was not given out, it has expired, or the upload is over.
        """
        about = self._about(upload)
        if about is None or not _is_signed(about, upload, number, ticket):
            raise Denied(_USELESS)
        return IncomingPart(self._temporary / upload, int(number))

    @contextlib.contextmanager
    def joined(self, place: str, path: str, upload: str, parts: Sequence[Part]) -> Iterator[Path]:
        """The parts as one temporary file, for the caller to move to its place.

        Raises:
            NotFound: no such upload of this file is under way.
            Invalid: a part is missing, or another than this one.
        """
        about = self._require(place, path, upload)
        joined = self._temporary / uuid.uuid4().hex
        try:
            with _under_way():
                folder = self._temporary / upload
                check_arrived(_arrived(folder), parts, about.parts)
                _join([folder / _name(number, tag.strip('"')) for number, tag in parts], joined)
            yield joined
        finally:
            joined.unlink(missing_ok=True)

    def end(self, place: str, path: str, upload: str) -> None:
        """Forget the parts; nothing happens when there is no such upload of this file."""
        with contextlib.suppress(NotFound):
            self._require(place, path, upload)
            shutil.rmtree(self._temporary / upload, ignore_errors=True)

    def _require(self, place: str, path: str, upload: str) -> About:
        about = self._about(upload)
        if about is None or (about.place, about.path) != (place, path):
            raise NotFound(f"no upload {upload[:100]!r} of this file is under way")
        return about

    def _about(self, upload: str) -> About | None:
        if not _ID.fullmatch(upload):
            return None
        try:
            return _about.decode((self._temporary / upload / _ABOUT).read_bytes())
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            return None


class IncomingPart:
    """One part of an upload, there or still to come."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._number = number

    async def write(self, stream: AsyncIterator[bytes]) -> str:
        """Keep what the stream brings in the place of what came before; answers its tag, the MD5 of the bytes.

        Raises:
            NotFound: the upload ended meanwhile.
        """
        incoming = self._folder / f".{uuid.uuid4().hex}"
        try:
            with await in_thread(_create, incoming) as file:
                await receive(file, stream, settle)
            return await in_thread(self._keep, incoming, file.tag)
        finally:
            with contextlib.suppress(FileNotFoundError):
                incoming.unlink()

    def stored(self) -> tuple[str, int] | None:
        """Tag and bytes of the part that arrived last; None when none did."""
        with _under_way():
            tag = _arrived(self._folder).get(self._number)
            return None if tag is None else (tag, (self._folder / _name(self._number, tag)).stat().st_size)

    def _keep(self, incoming: Path, tag: str) -> str:
        with _under_way():
            incoming.replace(self._folder / _name(self._number, tag))
            for other in self._folder.glob(_name(self._number, "*")):
                if other.name != _name(self._number, tag):
                    other.unlink(missing_ok=True)
            durable.sync(self._folder)
        return tag


def _create(path: Path) -> _Hashed:
    with _under_way():
        return _Hashed(path)


@contextlib.contextmanager
def _under_way() -> Iterator[None]:
    """Tell that an upload's folder has gone."""
    try:
        yield
    except FileNotFoundError:
        raise NotFound("the upload is over") from None


class _Hashed:
    """A new file that takes the MD5 of what is written to it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._hash = hashlib.md5(usedforsecurity=False)
        self.fileno = self._file.fileno
        self.flush = self._file.flush

    @property
    def tag(self) -> str:
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)

    def __enter__(self) -> _Hashed:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _arrived(folder: Path) -> dict[int, str]:
    """Tags of the parts of an upload, by number."""
    matches = (_PART.fullmatch(name) for name in os.listdir(folder))
    return {int(match[1]): match[2] for match in matches if match}


def _name(number: int, tag: str) -> str:
    return f"{number}-{tag}"


def _join(files: Sequence[Path], joined: Path) -> None:
    with joined.open("xb") as target:
        for file in files:
            with file.open("rb") as source:
                shutil.copyfileobj(source, target, PIECE)
        settle(target)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _url(about: About, upload: str, number: int, until: int) -> str:
    return f"{upload}/{number}?until={until}&signature={_signature(about, upload, str(number), str(until))}"


def _is_signed(about: About, upload: str, number: str, ticket: str) -> bool:
    match = _TICKET.fullmatch(ticket)
    if match is None:
        return False
    until, signature = match.groups()
    return hmac.compare_digest(signature, _signature(about, upload, number, until)) and time.time() < int(
        until
    )


def _signature(about: About, upload: str, number: str, until: str) -> str:
    text = "\n".join((upload, number, until, about.place, about.path))
    return hmac.new(bytes.fromhex(about.secret), text.encode(), hashlib.sha256).hexdigest()
