"""What an operation is given: the call, with its parameters and its body as values."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from lineal.catalog.session import Session
from lineal.graph.errors import Unavailable
from lineal.graph.model import AnyRef
from lineal.graph.names import parse_ref
from lineal.protocols.base import Call, Host

Q = TypeVar("Q")
B = TypeVar("B")


class Asked(NamedTuple, Generic[Q, B]):
    """A request whose parameters and body have been read."""

    call: Call
    query: Q
    body: B

    @property
    def session(self) -> Session:
        """Of whoever asks."""
        return self.call.session

    @property
    def ref(self) -> AnyRef:
        """The entity in the path."""
        return parse_ref(self.call.path_params["ref"])

    @property
    def host(self) -> Host:
        """The server."""
        if self.call.host is None:
            raise Unavailable("only a server answers this")
        return self.call.host

    def named(self, name: str) -> str:
        """A variable of the path."""
        return self.call.path_params[name]
