"""Request bodies in, replies out, over ASGI."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from functools import lru_cache
from typing import Any, NamedTuple

from lineal.graph.errors import Invalid
from lineal.protocols.base import Reply, TooLarge

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
RawHeaders = Mapping[bytes, bytes]

# An escaped NUL: `\u0000` after an even number of backslashes.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_NO_BODY = frozenset({204, 304})
# How much of a compressed stream is unpacked at a time.
_PART = 1024 * 1024
# Of control characters a header's value may hold only the tab.
_ONE_LINE = bytes(32 if (each < 32 and each != 9) or each == 127 else each for each in range(256))


class Disconnected(Exception):
    """The client went away before it had sent all or read all."""


class Request(NamedTuple):
    """The head of a request.

    Attributes:
        path: without percent-encoding; `raw_path` as it was sent.
        query: as it was sent.
        headers: by name in lower case.
        client: network address of the peer, empty when there is none.
    """

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: RawHeaders
    client: str


class Headers(Mapping[str, str]):
    """Request headers by name, decoded when they are looked at."""

    __slots__ = ("_raw",)

    def __init__(self, raw: RawHeaders) -> None:
        self._raw = raw

    def __getitem__(self, name: str) -> str:
        return self._raw[_raw_name(name)].decode("latin-1")

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a header, or the default; faster than the one that follows from `[]`."""
        found = self._raw.get(_raw_name(name))
        return default if found is None else found.decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._raw)

    def __len__(self) -> int:
        return len(self._raw)


@lru_cache(200)
def _raw_name(name: str) -> bytes:
    return name.lower().encode("latin-1")


def has_body(headers: RawHeaders) -> bool:
    """Whether a body follows."""
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


async def read_body(receive: Receive, headers: RawHeaders, limit: int) -> bytes:
    """The whole body, decompressed.

    Raises:
        TooLarge: it has more bytes than `limit`, before or after decompression.
        Invalid: it is compressed in an unknown way or broken, or its text holds a NUL character.
    """
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    return plain_body(await _collect(receive, limit), headers, limit)


def plain_body(body: bytes, headers: RawHeaders, limit: int) -> bytes:
    """A body that was read, decompressed.

    Raises:
        TooLarge: it has more bytes than `limit` after decompression.
        Invalid: it is compressed in an unknown way or broken, or its text holds a NUL character.
    """
    if b"content-encoding" in headers:
        body = _inflate(body, headers[b"content-encoding"], limit)
    if b"\\u0000" in body and _NUL.search(body):
        raise Invalid("text must not hold NUL characters")
    return body


async def stream_body(receive: Receive, headers: RawHeaders) -> AsyncIterator[bytes]:
    """The body in pieces as they arrive, decompressed, however large."""
    unpack = _decompressor(headers.get(b"content-encoding", b"identity"))
    async for piece in _pieces(receive):
        for plain in _parts(unpack, piece) if unpack else (piece,):
            yield plain
    if unpack and not unpack.eof:
        raise Invalid("the compressed body is cut off")


def received(body: bytes) -> Receive:
    """What hands over a body that is there already."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    return receive


async def send_reply(send: Send, receive: Receive, reply: Reply, head: bool) -> None:
    """Answer; of a `head` request without the body. Disconnected when nobody is there to read it."""
    try:
        await _send(send, receive, reply, head)
    except RuntimeError as error:
        # What uvloop says when the connection broke and uvicorn was not told yet.
        if "the handler is closed" not in str(error):
            raise
        raise Disconnected from error


async def _send(send: Send, receive: Receive, reply: Reply, head: bool) -> None:
    start = {"type": "http.response.start", "status": reply.status, "headers": _wire_headers(reply)}
    await send(start)
    if reply.stream is None:
        await send({"type": "http.response.body", "body": b"" if head else reply.body})
    elif head:
        await _close(reply.stream)
        await send({"type": "http.response.body"})
    else:
        await _send_stream(send, receive, reply.stream)


async def _send_stream(send: Send, receive: Receive, stream: AsyncIterator[bytes]) -> None:
    """Send the pieces until they end or nobody reads them any more."""
    sender = asyncio.ensure_future(_pump(send, stream))
    watcher = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((sender, watcher), return_when=asyncio.FIRST_COMPLETED)
    finally:
        watcher.cancel()
        if not sender.done():
            sender.cancel()
        await asyncio.gather(sender, watcher, return_exceptions=True)
        await _close(stream)
    if not sender.cancelled():
        sender.result()


async def _pump(send: Send, stream: AsyncIterator[bytes]) -> None:
    async for piece in stream:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body"})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _close(stream: AsyncIterator[bytes]) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()


async def _collect(receive: Receive, limit: int) -> bytes:
    message = await receive()
    pieces = [_piece(message)]
    size = len(pieces[0])
    if message.get("more_body", False) and size <= limit:
        async for piece in _pieces(receive):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                break
    if size > limit:
        raise _too_large(limit)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        piece = _piece(message)
        if piece:
            yield piece


def _piece(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise Disconnected
    piece: bytes = message.get("body", b"")
    return piece


def _decompressor(encoding: bytes) -> Any:
    name = encoding.strip().lower()
    if name in (b"gzip", b"x-gzip", b"deflate"):
        # 32: the header tells whether it is gzip or zlib.
        return zlib.decompressobj(zlib.MAX_WBITS | 32)
    if name == b"identity":
        return None
    raise Invalid(f"content encoding {name.decode('latin-1')!r} is not understood, only gzip and deflate")


def _inflate(body: bytes, encoding: bytes, limit: int) -> bytes:
    unpack = _decompressor(encoding)
    if unpack is None:
        return body
    plain = _unpacked(unpack, body, limit + 1)
    if len(plain) > limit:
        raise _too_large(limit)
    if not unpack.eof:
        raise Invalid("the compressed body is cut off")
    return plain


def _unpacked(unpack: Any, piece: bytes, limit: int = 0) -> bytes:
    try:
        plain: bytes = unpack.decompress(piece, limit)
    except zlib.error as error:
        raise Invalid(f"the compressed body is broken: {error}") from error
    return plain


def _parts(unpack: Any, piece: bytes) -> Iterator[bytes]:
    """A piece decompressed in parts of bounded size, however much it becomes."""
    plain = b""
    while piece or len(plain) == _PART:
        plain = _unpacked(unpack, piece, _PART)
        piece = unpack.unconsumed_tail
        if plain:
            yield plain


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit} bytes")


def in_one_piece(start: bytes, reply: Reply) -> bytes:
    """A reply without a stream as it is sent, after the status line and the headers that every reply has."""
    if reply.headers or reply.status in _NO_BODY:
        body = b"" if reply.status in _NO_BODY else reply.body
        return b"%b%b\r\n%b" % (start, lines(_wire_headers(reply)), body)
    return b"%b%bcontent-length: %d\r\n\r\n%b" % (
        start,
        _usual_head(reply.content_type),
        len(reply.body),
        reply.body,
    )


def lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as they are sent."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


@lru_cache(100)
def _usual_head(content_type: str) -> bytes:
    """The headers of nearly every reply, but for its length."""
    headers = _wire_headers(Reply(content_type=content_type))
    return lines([(name, value) for name, value in headers if name != b"content-length"])


def _wire_headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    headers: list[tuple[bytes, bytes]] = []
    if reply.status not in _NO_BODY:
        headers.append((b"content-type", reply.content_type.encode("latin-1")))
        if reply.stream is None:
            headers.append((b"content-length", b"%d" % len(reply.body)))
    if reply.content_type != "application/json":
        headers.append((b"x-content-type-options", b"nosniff"))
    for name, value in reply.headers:
        headers.append((name.lower().encode("latin-1"), _one_line(value)))
    return headers


def _one_line(value: str) -> bytes:
    """A header's value, which must not start another header."""
    return value.encode("latin-1", "replace").translate(_ONE_LINE)
