"""Lineal's side of the figures on a large graph: loading the fixture, and the two questions.

The fixture goes in through the store's own SQL, in a few large transactions: a million commits would take
much longer. It leaves the rows that commits leave, but no history. What is measured then goes through a
`Session`, like everything else.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from benchmarks.neutral import Edge, Entity
from lineal.catalog.catalog import LOCAL, Catalog
from lineal.graph.model import ById
from lineal.graph.query import Query, Walk
from lineal.store.base import Connection
from lineal.store.sql import counters, edges, entities, text

T = TypeVar("T")
AT_ONCE = 100_000
CREATED = 1_700_000_000_000


class LinealGraph:
    """The loaded fixture. Answers are numbers of nodes."""

    def __init__(self, url: str, blobs: str) -> None:
        self._open = partial(Catalog.open, url, blobs=blobs)
        self._catalog = self._open()
        self._first = 0

    def load(self, nodes: Iterable[Entity], links: Iterable[Edge]) -> None:
        """Fill the store; the ids of the stream follow whatever is there already."""
        write = self._catalog.store.write
        for some in _chunks(nodes):
            first = write(partial(self._put_entities, some))
            self._first = self._first or first
        for part in _chunks(links):
            write(partial(self._put_edges, part))

    def _put_entities(self, nodes: list[Entity], cx: Connection) -> int:
        writing = self._catalog.writing
        intern, types = writing.symbols.intern, writing.types(cx)
        first = counters.take(cx, "entity", len(nodes))
        description = intern(cx, "description")
        for number, node in enumerate(nodes, first):
            kind, scope = intern(cx, node["kind"]), intern(cx, types.identity(node["kind"]))
            namespace, name = intern(cx, node["namespace"]), node["name"]
            times = (CREATED, CREATED, None, None)
            uuid = f"{number:032x}"
            entities.insert(cx, (number, uuid, kind, scope, namespace, name, name, None, 0, None, 1, *times))
            cx.execute(
                "INSERT INTO property VALUES (?, ?, ?, NULL, ?)",
                (number, description, entities.STRING, node["description"]),
            )
            document = text.Document(name, node["description"], node["namespace"], "")
            text.put(cx, number, document, new=True)
            writing.learn(cx, {word for part in document for word in text.words(part)})
        return first

    def _put_edges(self, links: list[Edge], cx: Connection) -> None:
        intern = self._catalog.writing.symbols.intern
        for number, link in enumerate(links, counters.take(cx, "edge", len(links))):
            ends = (self._first + link["source"], self._first + link["target"])
            edges.insert(cx, (*ends, intern(cx, link["kind"]), number, None, CREATED))

    def analyze(self) -> None:
        """Collect SQLite's statistics on every table, and start again with them."""
        self._catalog.store.write(lambda cx: cx.script("ANALYZE"))
        self.close()
        self._catalog = self._open()

    def downstream(self, node: int, most: int) -> int:
        """Nodes downstream of one, itself included, with all that a lineage page shows of them."""
        walk = Walk(start=ById(self._first + node), direction="down", limit=most)
        return len(self._catalog.session(LOCAL, "native").lineage(walk).nodes)

    def find(self, words: str) -> int:
        """The twenty best matches for some words."""
        return len(self._catalog.session(LOCAL, "native").find(Query(text=words, limit=20)).entities)

    def close(self) -> None:
        """Give the files up."""
        self._catalog.close()


def load(directory: Path, nodes: Iterable[Entity], links: Iterable[Edge]) -> LinealGraph:
    """A store on a file of its own, filled with the fixture."""
    directory.mkdir()
    graph = LinealGraph(f"sqlite:///{directory}/lineal.db", str(directory / "blobs"))
    graph.load(nodes, links)
    return graph


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, AT_ONCE)):
        yield chunk
