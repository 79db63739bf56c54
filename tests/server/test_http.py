"""Bodies in and replies out."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from lineal.graph.errors import Invalid
from lineal.protocols.base import Reply, TooLarge
from lineal.server.http import Disconnected, Headers, Message, read_body, send_reply, stream_body


def _receiver(*pieces: bytes, cut: bool = False) -> Callable[[], Awaitable[Message]]:
    messages: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages[-1]["more_body"] = cut
    messages.append({"type": "http.disconnect"})

    async def receive() -> Message:
        return messages.pop(0)

    return receive


def _read(*pieces: bytes, limit: int = 1000, cut: bool = False, **headers: bytes) -> bytes:
    named = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    return asyncio.run(read_body(_receiver(*pieces, cut=cut), named, limit))


def test_pieces_are_joined() -> None:
    assert _read(b"ab", b"", b"cd") == b"abcd"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_compressed_bodies(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(b'{"a": 1}')
    encoding = b"gzip" if pack is gzip.compress else b"deflate"
    assert _read(packed, content_encoding=encoding) == b'{"a": 1}'
    with pytest.raises(Invalid, match="cut off"):
        _read(packed[:-6], content_encoding=encoding)


@pytest.mark.parametrize("encoding", [b"br", b"gzip, gzip"])
def test_unknown_compression(encoding: bytes) -> None:
    with pytest.raises(Invalid, match="not understood"):
        _read(b"x", content_encoding=encoding)


def test_broken_compression() -> None:
    with pytest.raises(Invalid, match="broken"):
        _read(b"not gzip at all", content_encoding=b"gzip")


@pytest.mark.parametrize("length", [{}, {"content_length": b"2000"}])
def test_too_large_whether_declared_or_not(length: dict[str, bytes]) -> None:
    with pytest.raises(TooLarge, match="1000 bytes"):
        _read(b"x" * 800, b"x" * 1200, **length)
    with pytest.raises(TooLarge):
        _read(b"x" * 2000)


def test_too_large_only_when_decompressed() -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    with pytest.raises(TooLarge):
        _read(bomb, limit=100_000, content_encoding=b"gzip")


def test_exactly_the_limit_is_fine() -> None:
    assert len(_read(b"x" * 1000)) == 1000
    assert len(_read(gzip.compress(b"x" * 1000), content_encoding=b"gzip")) == 1000


@pytest.mark.parametrize("text", [rb'{"a":"\u0000"}', rb'{"a":"\\\u0000"}', rb'"b\\\\\u0000"'])
def test_nul_is_refused(text: bytes) -> None:
    with pytest.raises(Invalid, match="NUL"):
        _read(text)


@pytest.mark.parametrize("text", [rb'{"a":"\\u0000"}', rb'"\\\\u0000"', rb'"u0000"'])
def test_a_backslash_before_u0000_is_no_nul(text: bytes) -> None:
    assert _read(text) == text


def test_a_client_that_goes_away() -> None:
    with pytest.raises(Disconnected):
        _read(b"half", cut=True)


async def _collected(stream: AsyncIterator[bytes]) -> list[bytes]:
    return [piece async for piece in stream]


def test_streams_come_in_pieces_and_decompressed() -> None:
    plain = stream_body(_receiver(b"ab", b"cd"), {})
    assert asyncio.run(_collected(plain)) == [b"ab", b"cd"]
    packed = gzip.compress(b"hello" * 1000)
    unpacked = stream_body(_receiver(packed[:20], packed[20:]), {b"content-encoding": b"gzip"})
    assert b"".join(asyncio.run(_collected(unpacked))) == b"hello" * 1000


def test_a_stream_that_unpacks_to_much_comes_in_parts_of_bounded_size() -> None:
    plain = b"0" * (5 * 1024 * 1024 + 77)
    stream = stream_body(_receiver(gzip.compress(plain)), {b"content-encoding": b"gzip"})
    parts = asyncio.run(_collected(stream))
    assert b"".join(parts) == plain
    assert max(map(len, parts)) == 1024 * 1024


def _sent(reply: Reply, head: bool = False, receive: Any = None) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    asyncio.run(send_reply(send, receive or never, reply, head))
    return sent


def test_a_reply_knows_its_length_and_type() -> None:
    start, body = _sent(Reply(201, b"{}"))
    assert start["status"] == 201
    assert dict(start["headers"]) == {b"content-type": b"application/json", b"content-length": b"2"}
    assert body["body"] == b"{}"


def test_head_has_the_headers_only() -> None:
    start, body = _sent(Reply(200, b"hello", "text/plain"), head=True)
    headers = dict(start["headers"])
    assert headers[b"content-length"] == b"5"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert body["body"] == b""


def test_no_content_has_neither() -> None:
    start, _ = _sent(Reply(204))
    assert start["headers"] == []


def test_a_header_cannot_smuggle_another() -> None:
    start, _ = _sent(Reply(headers=[("X-Name", "a\r\nSet-Cookie: evil=1\nb€")]))
    assert dict(start["headers"])[b"x-name"] == b"a  Set-Cookie: evil=1 b?"


def test_a_stream_ends_when_nobody_reads() -> None:
    ended = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0)
        finally:
            ended.append(True)

    async def gone() -> Message:
        await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    sent = _sent(Reply(stream=endless()), receive=gone)
    assert ended == [True]
    assert len(sent) > 2 and all(message.get("more_body", True) for message in sent)


def test_a_stream_that_fails_is_not_passed_off_as_whole() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        _sent(Reply(stream=broken()))


def test_a_connection_that_broke_unnoticed() -> None:
    async def broken(message: Message) -> None:
        raise RuntimeError("unable to perform operation on <TCPTransport>; the handler is closed")

    async def wrong(message: Message) -> None:
        raise RuntimeError("Response content shorter than Content-Length")

    with pytest.raises(Disconnected):
        asyncio.run(send_reply(broken, _receiver(b""), Reply(), False))
    with pytest.raises(RuntimeError, match="shorter"):
        asyncio.run(send_reply(wrong, _receiver(b""), Reply(), False))


def test_headers_by_any_case() -> None:
    headers = Headers({b"content-type": b"text/plain"})
    assert headers["Content-Type"] == headers.get("content-type") == "text/plain"
    assert headers.get("x") is None
    assert dict(headers) == {"content-type": "text/plain"}
