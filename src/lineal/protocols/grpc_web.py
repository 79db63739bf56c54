"""gRPC-Web: calls of gRPC from a browser, in the body of an ordinary request.

Source: PROTOCOL-WEB.md of the gRPC project. A body is a row of frames, each one byte of flags, four of length and
what it holds; the last one of an answer holds the trailers. Bodies of the text form are base64.
"""

from __future__ import annotations

import binascii
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable
from urllib.parse import quote

from lineal.graph.errors import Invalid
from lineal.protocols.base import Call, Reply, Route, Rpc, RpcCall, RpcDoor, Status

_TYPE, _TEXT = "application/grpc-web+proto", "application/grpc-web-text+proto"
_HEAD = struct.Struct(">BI")
_TRAILERS, _COMPRESSED = 0x80, 0x01
_OK = Status(0)


def routes(door: RpcDoor) -> list[Route]:
    """A door's calls as operations over HTTP."""
    return [Route("POST", rpc.path, _handler(rpc)) for rpc in door.rpcs()]


def _handler(rpc: Rpc) -> Callable[[Call], Reply]:
    def handle(call: Call) -> Reply:
        answer = rpc.handler(RpcCall(call.session, _message(call)))
        return _reply(call, answer, _OK)

    return handle


def failed(status: Status, call: Call | None) -> Reply:
    """The answer of a call that failed."""
    return _reply(call, None, status)


def _reply(call: Call | None, answer: bytes | None, status: Status) -> Reply:
    trailers = f"grpc-status:{int(status.code)}\r\n"
    if status.message:
        trailers += f"grpc-message:{quote(status.message, safe=' ')}\r\n"
    body = _HEAD.pack(_TRAILERS, len(trailers)) + trailers.encode()
    if answer is not None:
        body = _HEAD.pack(0, len(answer)) + answer + body
    if call is not None and _is_text(call):
        return Reply(200, b64encode(body), _TEXT)
    return Reply(200, body, _TYPE)


def _is_text(call: Call) -> bool:
    return call.headers.get("content-type", "").startswith("application/grpc-web-text")


def _message(call: Call) -> bytes:
    """The one message of a request.

    Raises:
        Invalid: the body is not one whole frame, or it is compressed.
    """
    if not call.headers.get("content-type", "").startswith("application/grpc-web"):
        raise Invalid("send application/grpc-web+proto here, or call the gRPC port")
    body = call.body
    if _is_text(call):
        try:
            body = b64decode(body, validate=True)
        except binascii.Error:
            raise Invalid("the body is not base64") from None
    if len(body) < _HEAD.size:
        raise Invalid("the body is no frame of gRPC-Web")
    flags, length = _HEAD.unpack_from(body)
    if flags & _COMPRESSED:
        raise Invalid("compressed frames are not taken")
    if flags or len(body) != _HEAD.size + length:
        raise Invalid("the body must be one frame of gRPC-Web")
    return body[_HEAD.size :]
