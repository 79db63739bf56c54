"""What every source can tell, and what every target takes, in ML Metadata's own messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

from lineal.connect.report import LeftOut, Report
from lineal.graph.mlmd.categories import Category
from lineal.graph.mlmd.messages import Message

BATCH = 500
"""Nodes and relations that are read, and looked up, together."""
T = TypeVar("T")


def in_batches(found: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """The same in pieces of at most this size."""
    rest = iter(found)
    while piece := list(islice(rest, size)):
        yield piece


class Member(NamedTuple):
    """An artifact or execution in a context, all by id."""

    context: int
    category: Category
    node: int


class Parent(NamedTuple):
    """A context above another, by id."""

    parent: int
    child: int


class Source(Protocol):
    """Where nodes come from; ids mean the source's own.

    Attributes:
        title: what people call it, without secrets.
    """

    title: str

    def counts(self) -> dict[str, int]:
        """How many artifacts, executions, contexts, events and members there are, as far as that is cheap to know."""
        ...

    def types(self, category: Category) -> list[Message]:
        """All types, those of the system, too, as far as they are used."""
        ...

    def nodes(self, category: Category) -> Iterator[list[Message]]:
        """All nodes, the older ones first."""
        ...

    def events(self) -> Iterator[list[Message]]:
        """All events, those of one execution together."""
        ...

    def members(self) -> Iterator[list[Member]]:
        """What is in contexts, those of one context together."""
        ...

    def parents(self) -> Iterator[list[Parent]]:
        """Which contexts are above which."""
        ...

    def left_out(self) -> list[LeftOut]:
        """What there is that has no message; asked for at the end."""
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...


class Target(Protocol):
    """Where nodes go. Putting the same ones again alters nothing.

    Attributes:
        title: what people call it, without secrets.
        report: what became of everything.
    """

    title: str
    report: Report

    def put_types(self, category: Category, types: Sequence[Message]) -> None:
        """Take types, before their nodes."""
        ...

    def put_nodes(self, category: Category, nodes: Sequence[Message]) -> None:
        """Take nodes, before what relates them."""
        ...

    def put_events(self, events: Sequence[Message]) -> None:
        """Take events."""
        ...

    def put_members(self, members: Sequence[Member]) -> None:
        """Take what is in contexts."""
        ...

    def put_parents(self, parents: Sequence[Parent]) -> None:
        """Take which contexts are above which."""
        ...

    def flush(self) -> None:
        """Write what waits."""
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...
