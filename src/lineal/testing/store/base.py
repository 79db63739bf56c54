"""What the parts of the suite share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, Change, PutEdge, PutEntity
from lineal.graph.model import AnyRef, ById, External, Properties
from lineal.graph.query import Query

Opener = Callable[[], Catalog]


class Suite:
    """An empty store, a catalog on it and a session that may do everything."""

    @pytest.fixture
    def url(self) -> str:
        """The URL of an empty store; every subclass has its own."""
        raise NotImplementedError("say where an empty store is, with a fixture called url")

    @pytest.fixture
    def opener(self, url: str, tmp_path: Path) -> Iterator[Opener]:
        """What opens another catalog on the store, with connections and caches of its own, as a process has."""
        opened: list[Catalog] = []

        def open_one() -> Catalog:
            opened.append(Catalog.open(url, blobs=str(tmp_path / "files")))
            return opened[-1]

        yield open_one
        for catalog in opened:
            catalog.close()

    @pytest.fixture
    def catalog(self, opener: Opener) -> Catalog:
        return opener()

    @pytest.fixture
    def session(self, catalog: Catalog) -> Session:
        return everything(catalog)


def everything(catalog: Catalog) -> Session:
    """A session that may do everything, through a door called `test`."""
    return catalog.session(LOCAL, "test")


def commit(session: Session, *operations: AnyOperation) -> list[int]:
    """Apply operations; the ids of the entities put."""
    return session.commit(Change(list(operations))).entities


def put(session: Session, name: str, kind: str = "dataset", /, **properties: Any) -> int:
    """A new entity without identity by name; its id."""
    return commit(session, PutEntity(kind=kind, name=name, properties=properties))[0]


def link(session: Session, kind: str, source: int, target: int) -> None:
    """An edge."""
    commit(session, PutEdge(kind, ById(source), ById(target)))


def properties_of(session: Session, ref: AnyRef) -> Properties:
    """All properties of an entity."""
    return session.get(ref, ("properties",)).properties


def names(session: Session, query: Query) -> list[str]:
    """Names of the entities found, in order."""
    return [entity.name for entity in session.find(query).entities]


def run(name: str, /, **properties: Any) -> PutEntity:
    """A run known to the protocol `test` by its name."""
    return PutEntity(kind="run", name=name, external=[External("test", name)], properties=properties)
