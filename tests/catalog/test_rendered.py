"""What a door made of an entity is used again as long as it is right, and not a moment longer."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.rendered import Memory, Rendering, Shown
from lineal.catalog.session import Session
from lineal.graph.change import (
    AnyOperation,
    AppendPoints,
    Change,
    PutEntity,
    PutFacet,
    Remove,
    ThePoints,
)
from lineal.graph.model import ByName, Entity, Point
from lineal.graph.query import Query
from lineal.store.sql import log

RUN = ByName("run", "r")
WRITER = Path(__file__).with_name("counting.py")


class Door:
    """Shows a property and a metric, and counts how often it had to."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.rendering = Rendering(("properties", "metrics", "facets"), self._make)

    def _make(self, entity: Entity, context: str) -> bytes:
        self.made.append(entity.name)
        loss = entity.metrics["loss"].value if "loss" in entity.metrics else None
        return f"{entity.name} {entity.state} {entity.properties} {loss} {entity.facets} {context}".encode()

    def show(self, session: Session, context: str = "") -> list[str]:
        found = session.find(Query(kinds=["run"], parts=[], state="all")).entities
        return [
            each.decode() for each in session.render(self.rendering, [(entity, context) for entity in found])
        ]


@pytest.fixture
def other(catalog: Catalog, store_url: str, tmp_path: Path) -> Iterator[Session]:
    """A session on the same store that shares nothing else with the first, as in another process."""
    opened = Catalog.open(store_url, blobs=str(tmp_path / "files"))
    yield opened.session(LOCAL, "other")
    opened.close()


def put(session: Session, *operations: AnyOperation) -> int:
    return session.commit(Change(list(operations))).entities[0]


def loss(value: float, step: int) -> AppendPoints:
    return AppendPoints(RUN, [Point("loss", value, step, step)])


def make(session: Session, *names: str) -> None:
    for name in names:
        put(session, PutEntity(kind="run", name=name, unique=True, properties={"x": 1}))


def test_only_what_changed_is_made_anew(session: Session) -> None:
    door = Door()
    make(session, "r", "s")
    assert door.show(session) == ["r active {'x': 1} None {} ", "s active {'x': 1} None {} "]
    door.show(session)
    assert door.made == ["r", "s"]
    session.commit(Change([loss(0.5, 1)]))
    assert door.show(session)[0] == "r active {'x': 1} 0.5 {} "
    assert door.made == ["r", "s", "r"]


CHANGES: dict[str, list[AnyOperation]] = {
    "property": [PutEntity(RUN, kind="run", properties={"x": 2})],
    "no property": [PutEntity(RUN, kind="run", properties={"x": None})],
    "name": [PutEntity(RUN, kind="run", name="new", unique=True)],
    "state": [PutEntity(RUN, kind="run", state="deleted")],
    "points": [loss(0.25, 2)],
    "no points": [Remove(RUN, ThePoints("loss"))],
    "facet": [PutFacet(RUN, "about", {"a": 1}, "test")],
    "several": [loss(0.125, 3), PutEntity(RUN, kind="run", properties={"y": 3})],
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_every_change_shows_at_once(session: Session, other: Session, name: str, elsewhere: bool) -> None:
    door = Door()
    make(session, "r")
    session.commit(Change([loss(0.5, 1)]))
    before = door.show(session)
    (other if elsewhere else session).commit(Change(CHANGES[name]))
    after = door.show(session)
    assert after != before
    assert after == Door().show(session)


def test_another_context_is_another_answer(session: Session) -> None:
    door = Door()
    make(session, "r")
    assert door.show(session, "here") == ["r active {'x': 1} None {} here"]
    assert door.show(session, "there") == ["r active {'x': 1} None {} there"]
    assert door.made == ["r", "r"]


def test_doors_do_not_share(session: Session) -> None:
    make(session, "r")
    first, second = Door(), Door()
    first.show(session)
    second.show(session)
    assert (first.made, second.made) == (["r"], ["r"])


def test_what_was_written_while_it_was_read_is_not_lost(
    session: Session, other: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: between the look at the history and the read of what it is about."""
    door = Door()
    make(session, "r")
    look = log.newest_of

    def slow(cx: object, entities: list[int]) -> object:
        found = look(cx, entities)  # type: ignore[arg-type]
        other.commit(Change([loss(0.5, 1)]))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(log, "newest_of", slow)
        door.show(session)
    assert door.show(session) == Door().show(session) == ["r active {'x': 1} 0.5 {} "]


def test_without_history_nothing_is_remembered(session: Session, catalog: Catalog) -> None:
    door = Door()
    make(session, "r")
    catalog.store.write(lambda cx: cx.execute("DELETE FROM change_log"))
    door.show(session)
    door.show(session)
    assert door.made == ["r", "r"]


def steps(entity: Entity, context: None) -> bytes:
    return f"{entity.properties.get('p0', 0)} {entity.properties.get('p1', 0)}".encode()


def test_an_acknowledged_write_is_never_missed(session: Session, other: Session) -> None:
    """Threads that show while two others write see at least what was acknowledged before they looked."""
    make(session, "r")
    rendering = Rendering(("properties",), steps)
    acknowledged, missed = [0, 0], []
    stop = threading.Event()

    def write(place: int, through: Session) -> None:
        for step in range(1, 60):
            put(through, PutEntity(RUN, kind="run", properties={f"p{place}": step}))
            acknowledged[place] = step

    def look() -> None:
        while not stop.is_set():
            least = list(acknowledged)
            (found,) = session.find(Query(kinds=["run"], parts=[])).entities
            seen = [int(each) for each in session.render(rendering, [(found, None)])[0].split()]
            if seen[0] < least[0] or seen[1] < least[1]:
                missed.append((least, seen))

    lookers = [threading.Thread(target=look) for _ in range(3)]
    writers = [threading.Thread(target=write, args=each) for each in enumerate((session, other))]
    for thread in (*lookers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in lookers:
        thread.join()
    assert missed == []
    assert acknowledged == [59, 59]


def test_another_process_is_never_missed(session: Session, store_url: str) -> None:
    make(session, "r")
    door = Door()
    door.show(session)
    with subprocess.Popen(
        [sys.executable, str(WRITER), store_url, "40"], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            shown = door.show(session)[0].split()
            assert float(shown[4]) >= int(line)
    assert writer.returncode == 0
    assert door.show(session) == ["r active {'x': 1} 40.0 {} "]


def shown(size: int) -> Shown:
    return Shown((1,), None, b"x" * size)


class TestMemory:
    def test_what_was_not_looked_at_for_longest_goes_first(self) -> None:
        door = Door().rendering
        memory = Memory(limit=10_000)
        for number in range(3):
            memory.keep((door, number), shown(1000))
        memory.find([(door, 0)])
        for number in range(3, 5):
            memory.keep((door, number), shown(1000))
        kept = [each is not None for each in memory.find([(door, number) for number in range(5)])]
        assert kept == [True, False, True, True, True]
        assert memory.size <= 10_000

    def test_what_takes_the_place_of_another_counts_once(self) -> None:
        door = Door().rendering
        memory = Memory(limit=10_000)
        for _ in range(100):
            memory.keep((door, 1), shown(1000))
        assert memory.size == 2500
        assert memory.find([(door, 1), (door, 2)]) == [shown(1000), None]

    def test_what_is_large_is_not_kept(self) -> None:
        door = Door().rendering
        memory = Memory()
        memory.keep((door, 1), shown(200_000))
        assert memory.find([(door, 1)]) == [None]
