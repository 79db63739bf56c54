"""What a door is made of: routes, calls and replies. Doors translate and never decide."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import parse_qs

import msgspec

from lineal.catalog.session import Session
from lineal.graph.errors import Invalid, NotFound

if TYPE_CHECKING:
    from mimetypes import MimeTypes

    from lineal.catalog.values import Event, Principal
    from lineal.catalog.webhooks import Webhooks
    from lineal.store.blobs import Folder

COOKIE = "lineal"
"""Name of the cookie that holds a token."""

_MEDIA_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".md": "text/markdown",
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
    ".log": "text/plain",
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class TooLarge(Invalid):
    """The request's body is larger than the server takes in at once."""


class Unserved(NotFound):
    """No operation stands at this path."""

    def __init__(self, path: str) -> None:
        super().__init__(f"nothing is served at {path}")
        self.path = path


class WrongMethod(Invalid):
    """The path is served, but not by this method; `allowed` are those it is served by."""

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{method} is not served here, only {', '.join(allowed)}")
        self.allowed = allowed


class Reply(NamedTuple):
    """An HTTP answer. `stream` takes the place of `body` for what should not be held in memory."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Sequence[tuple[str, str]] = ()
    stream: AsyncIterator[bytes] | None = None


class Host(Protocol):
    """What a door may ask of the server around it."""

    @property
    def webhooks(self) -> Webhooks:
        """The store's webhooks."""
        ...

    @property
    def secure(self) -> bool:
        """Whether browsers reach the server over HTTPS only."""
        ...

    @property
    def public_url(self) -> str:
        """How the server is reached when a proxy stands before it, without a slash at its end; else empty."""
        ...

    async def sign_in(self, name: str, password: str, client: str) -> Principal:
        """The account with this password; Unauthenticated when there is none, or after too many guesses."""
        ...

    def forget(self) -> None:
        """Look up accounts and credentials anew; call it when they changed, else it takes up to a minute."""
        ...

    def follow(self, session: Session, since: int) -> AsyncIterator[list[Event]]:
        """What the session may see of the history after commit `since`, as it happens; [] is a heartbeat."""
        ...


class Call:
    """One request that arrived at a door, with the session of whoever made it.

    Attributes:
        query: the query string as it was sent.
        headers: by name in lower case.
        client: the network address of the peer, set by the server.
        host: the server around the door, set by it; None when a door is called without one.
    """

    __slots__ = (
        "body",
        "client",
        "headers",
        "host",
        "method",
        "path",
        "path_params",
        "query",
        "session",
        "stream",
    )

    def __init__(
        self,
        session: Session,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        path_params: Mapping[str, str] | None = None,
        body: bytes = b"",
        stream: AsyncIterator[bytes] | None = None,
    ) -> None:
        self.session = session
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers or {}
        self.path_params = path_params or {}
        self.body = body
        self.stream = stream
        self.client = ""
        self.host: Host | None = None


Handler = Callable[[Call], Reply | Awaitable[Reply]]


class Route(NamedTuple):
    """One operation of a protocol over HTTP.

    Attributes:
        path: with `{name}` for one segment and `{name:path}` for several, at the end or in the middle.
        handler: `async def` runs on the event loop and must not block; `def` runs in the pool of readers.
        inline: a `def` handler that takes well under a millisecond on the embedded store; it then runs on the
            event loop, which is cheaper than a thread.
        streams: the request body is handed over as `Call.stream` instead of being read into `Call.body`.
        public: answered without credentials; the session is then nobody's and sees nothing.
    """

    method: str
    path: str
    handler: Handler
    inline: bool = False
    streams: bool = False
    public: bool = False


class Status(NamedTuple):
    """How a call of gRPC ended; a code other than 0 is a failure."""

    code: int
    message: str = ""


class RpcCall(NamedTuple):
    """One call of gRPC, with the session of whoever made it.

    Attributes:
        body: the message, encoded.
    """

    session: Session
    body: bytes


class Rpc(NamedTuple):
    """One operation of a protocol over gRPC: a message in, a message out.

    Attributes:
        path: `/package.Service/Method`.
        handler: blocks; runs in a pool of threads.
    """

    path: str
    handler: Callable[[RpcCall], bytes]


class RpcDoor(Protocol):
    """A protocol over gRPC."""

    name: str

    def rpcs(self) -> Sequence[Rpc]:
        """Every served operation."""
        ...

    def status(self, error: Exception) -> Status:
        """The code and words for an error."""
        ...


class Door(Protocol):
    """A protocol over HTTP.

    A door may have more: `seed(session)` puts there what each server of the protocol has, before any request;
    `narrow(session, headers)` answers a session on the part of the graph that a request's headers limit it to;
    `webhook_form` is how the protocol tells of changes, a `lineal.catalog.webhooks.Form`.
    """

    name: str

    def routes(self) -> Sequence[Route]:
        """Every served operation."""
        ...

    def failure(self, error: Exception, call: Call | None) -> Reply:
        """The protocol's shape and status for an error of `lineal.graph.errors`, or for any other (500)."""
        ...


def json_reply(value: Any, status: int = 200) -> Reply:
    """A JSON answer of anything that msgspec encodes."""
    return Reply(status, msgspec.json.encode(value))


def query_values(text: str) -> dict[str, list[str]]:
    """The values of each parameter of a query string, in order; Invalid when there are over a thousand."""
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
        raise Invalid("too many query parameters") from error


def cookie_of(header: str) -> str:
    """The token in a `Cookie` header; empty when there is none."""
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def download(folder: Folder, path: str, asked_range: str | None = None) -> Reply:
    """A file of an entity as an answer, whole or the one byte range that was asked for.

    The content type follows from the name. Whatever the file holds, a browser runs nothing of it as part of
    Lineal's own pages. Blocks while it looks for the file, and reads it as the answer is sent.

    Args:
        folder: of the entity.
        path: of the file within it.
        asked_range: value of the request's `Range` header.

    Raises:
        NotFound: there is no such file.
        Invalid: it is a folder, or the path leads out of the folder.
    """
    size = folder.size(path)
    start, end = _byte_range(asked_range, size)
    headers = [
        ("Accept-Ranges", "bytes"),
        ("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"),
    ]
    if start >= end and asked_range and size:
        return Reply(416, b"", "text/plain", [*headers, ("Content-Range", f"bytes */{size}")])
    headers.append(("Content-Length", str(end - start)))
    partial = end - start < size
    if partial:
        headers.append(("Content-Range", f"bytes {start}-{end - 1}/{size}"))
    pieces = in_pieces(folder.read(path, start, end))
    return Reply(206 if partial else 200, b"", content_type_of(path), headers, pieces)


async def in_pieces(blocking: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Draw a blocking iterator from a thread, one piece at a time."""
    loop = asyncio.get_running_loop()
    while (piece := await loop.run_in_executor(None, next, blocking, None)) is not None:
        yield piece


def content_type_of(path: str) -> str:
    """The media type that goes with a file's name, the same on every machine."""
    kind, encoding = _media_types().guess_type(path)
    if encoding or kind is None:
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


@cache
def _media_types() -> MimeTypes:
    """The interpreter's own table, without what a machine's files add to it."""
    from mimetypes import MimeTypes

    table = MimeTypes()
    for ending, kind in _MEDIA_TYPES.items():
        table.add_type(kind, ending)
    return table


def _byte_range(asked: str | None, size: int) -> tuple[int, int]:
    """First byte and the one after the last; of an unknown form of range, the whole file."""
    match = _RANGE.fullmatch(asked.strip()) if asked else None
    if match is None or match.group() == "bytes=-":
        return 0, size
    first, last = match.groups()
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size
