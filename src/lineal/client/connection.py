"""Calls of the native API: a request with credentials, an answer decoded or its error raised."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from lineal.client.transport import Answer, Body, Request, Transport
from lineal.client.wire import error_of

PREFIX = "/api/v1"

T = TypeVar("T")
Parameters = Mapping[str, Any]


class Connection:
    """A transport and who is speaking over it."""

    def __init__(self, transport: Transport, credentials: Mapping[str, str]) -> None:
        self.transport = transport
        self._credentials = credentials

    def get(self, path: str, returns: type[T], query: Parameters | None = None) -> T:
        """Read something."""
        return self._decoded(self.send("GET", path, query), returns)

    def post(self, path: str, returns: type[T], body: bytes | Any, *, repeatable: bool = False) -> T:
        """Send a body: JSON that is encoded already, or a value to encode."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self._decoded(self.send("POST", path, body=content, repeatable=repeatable), returns)

    def send(
        self,
        method: str,
        path: str,
        query: Parameters | None = None,
        *,
        body: Body | None = None,
        content_type: str = "application/json",
        repeatable: bool = True,
    ) -> bytes:
        """One call; the body of its answer.

        Args:
            method, path: such as `GET` and `/counts`.
            query: parameters; those that are None are left out, a sequence is repeated.
            body: bytes or an open binary file, of this content type.
            content_type: of the body.
            repeatable: whether the call may be sent again when it is not clear that it arrived.
        """
        headers = dict(self._credentials)
        if body is not None:
            headers["Content-Type"] = content_type
        url = PREFIX + path + _encoded(query or {})
        answer = self.transport.send(Request(method, url, headers, body or b"", repeatable))
        if answer.status >= 400:
            raise error_of(answer)
        return answer.body

    def stream(self, path: str, query: Parameters | None = None, *, silence: float = 60.0) -> Iterator[bytes]:
        """The answer to a GET in pieces, over a connection of its own.

        Args:
            path: after the prefix.
            query: parameters; those that are None are left out.
            silence: seconds without a byte after which the server is taken for gone.
        """
        request = Request("GET", PREFIX + path + _encoded(query or {}), self._credentials)
        with self.transport.open(request, silence) as stream:
            if stream.status >= 400:
                raise error_of(Answer(stream.status, b"".join(stream.pieces)))
            yield from stream.pieces

    @staticmethod
    def _decoded(body: bytes, returns: type[T]) -> T:
        return msgspec.json.decode(body, type=returns, strict=False)


def credentials(token: str | None, user: str | None, password: str | None) -> dict[str, str]:
    """The header that says who speaks: user and password when given, else the token, else LINEAL_TOKEN."""
    if user is not None:
        pair = f"{user}:{password or ''}".encode()
        return {"Authorization": "Basic " + b64encode(pair).decode()}
    token = token or os.environ.get("LINEAL_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _encoded(parameters: Parameters) -> str:
    pairs = [
        (key, each)
        for key, value in parameters.items()
        for each in (value if isinstance(value, list | tuple) else [value])
        if each is not None
    ]
    return f"?{urlencode(pairs)}" if pairs else ""
