"""The writer: what waits is written together, and one bad request harms no other."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.graph.change import AppendPoints, Change, Expect, PutEntity, UnsetOrEqual
from lineal.graph.errors import Conflict, ExpectationFailed, LinealError, NotFound, Unavailable
from lineal.graph.model import ByExternal, ById, ByName, Point
from lineal.graph.query import Query
from lineal.store.base import Connection
from lineal.testing.store.base import Opener, Suite, commit, everything, names, properties_of, put, run

Work = Callable[[Connection], Any]


@contextmanager
def held(catalog: Catalog) -> Iterator[None]:
    """Let requests gather, so that they go into one batch when this ends."""
    began, go_on = threading.Event(), threading.Event()

    def wait(_: Connection) -> None:
        began.set()
        go_on.wait(10)

    holder = threading.Thread(target=catalog.store.write, args=(wait,))
    holder.start()
    began.wait(10)
    try:
        yield
    finally:
        go_on.set()
        holder.join(10)


def together(catalog: Catalog, works: list[Work]) -> list[Any]:
    """Results or errors of work that is done in one batch, in this order."""

    async def main() -> list[Any]:
        with held(catalog):
            futures = [catalog.store.submit(work) for work in works]
        return await asyncio.gather(*futures, return_exceptions=True)

    before = catalog.store.writer.batches
    results = asyncio.run(main())
    assert catalog.store.writer.batches == before + 2, "one batch for the holder, one for the rest"
    return results


def changes(session: Session, *wanted: Change) -> list[Work]:
    """Changes as work for the writer."""
    return [functools.partial(_apply, session, change) for change in wanted]


def _apply(session: Session, change: Change, cx: Connection) -> Any:
    return session._apply(cx, change)


class Writers(Suite):
    def test_a_batch_is_one_transaction(self, session: Session, catalog: Catalog) -> None:
        wanted = [Change([run(f"r{number}", n=number)]) for number in range(50)]
        works = together(catalog, changes(session, *wanted))
        assert [work.commit_id for work in works] == list(range(1, 51))
        assert len(names(session, Query())) == 50

    def test_a_refused_request_harms_no_other(self, session: Session, catalog: Catalog) -> None:
        commit(session, PutEntity(kind="experiment", name="taken", unique=True), run("r", p="1"))
        bad = [
            Change([Expect(ByExternal("test", "r"), UnsetOrEqual({"p": "2"}))]),
            Change([AppendPoints(ByExternal("test", "nobody"), [Point("m", 1.0, 1, 1)])]),
            Change([
                PutEntity(ByExternal("test", "r"), owner="lost", properties={"lost": 1}),
                PutEntity(ByName("experiment", "new"), kind="experiment", name="taken", unique=True),
            ]),
            Change([
                PutEntity(kind="dataset", name="lost"),
                PutEntity(ByName("experiment", "new"), kind="experiment", name="taken", unique=True),
            ]),
        ]  # fmt: skip
        good = [Change([PutEntity(ByExternal("test", "r"), properties={f"k{n}": n})]) for n in range(5)]
        order = [good[0], bad[0], good[1], bad[1], good[2], bad[2], good[3], bad[3], good[4]]
        results = together(catalog, changes(session, *order))
        errors = [type(result) for result in results if isinstance(result, Exception)]
        assert errors == [ExpectationFailed, NotFound, Conflict, Conflict]
        found = session.get(ByExternal("test", "r"))
        assert found.properties == {"p": "1", "k0": 0, "k1": 1, "k2": 2, "k3": 3, "k4": 4}
        assert (found.owner, found.revision) == (None, 6)
        assert names(session, Query()) == ["taken", "r"]

    def test_what_the_database_refuses_harms_no_other(self, session: Session, catalog: Catalog) -> None:
        number = commit(session, run("r"))[0]

        def twice(cx: Connection) -> None:
            for _ in range(2):
                cx.execute("INSERT INTO external VALUES (1, 'same', 1)")

        def unknown(cx: Connection) -> None:
            cx.execute("SELECT nothing FROM nowhere")

        def ours(_: Connection) -> None:
            raise ZeroDivisionError

        good = changes(
            session, *(Change([PutEntity(ById(number), properties={f"k{n}": n})]) for n in range(4))
        )
        results = together(catalog, [good[0], twice, good[1], unknown, good[2], ours, good[3]])
        kinds = [type(result).__name__ for result in results]
        assert kinds[::2] == ["Work"] * 4
        assert isinstance(results[5], ZeroDivisionError)
        assert all(isinstance(results[place], Exception) for place in (1, 3))
        assert not any(isinstance(results[place], LinealError) for place in (1, 3))
        assert properties_of(session, ById(number)) == {"k0": 0, "k1": 1, "k2": 2, "k3": 3}
        assert catalog.store.read("SELECT COUNT(*) FROM external WHERE id = 'same'") == [(0,)]
        put(session, "still works")

    def test_what_is_undone_is_forgotten(self, session: Session, catalog: Catalog) -> None:
        def spoiled(cx: Connection) -> None:
            session._apply(
                cx, Change([run("new", **{"new key": 1}), PutEntity(kind="dataset", name="d", unique=True)])
            )
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            catalog.store.write(spoiled)
        with pytest.raises(NotFound):
            commit(session, AppendPoints(ByExternal("test", "new"), [Point("m", 1.0, 1, 1)]))
        made = session.commit(
            Change([PutEntity(kind="dataset", name="d", unique=True), run("new", **{"new key": 2})])
        )
        assert made.created == [True, True]
        assert properties_of(session, ByExternal("test", "new")) == {"new key": 2}
        assert session.newest() == made.id

    @pytest.mark.parametrize("stage", ["begin", "commit"])
    def test_when_the_transaction_fails_nobody_is_told_that_it_holds(
        self, session: Session, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, stage: str
    ) -> None:
        number = put(session, "d", x=1)

        def fail(_: object) -> None:
            raise OSError("the disk is full")

        def spoil(_: Connection) -> None:
            monkeypatch.setattr(type(catalog.store.writer._cx), stage, fail)

        wanted = [Change([PutEntity(ById(number), properties={f"k{n}": n})]) for n in range(3)]
        refused = Change([Expect(ById(number), UnsetOrEqual({"x": 2}))])
        if stage == "begin":
            catalog.store.write(spoil)
            with pytest.raises(Unavailable):
                session.commit(wanted[0])
        else:
            results = together(
                catalog, [*changes(session, wanted[0], refused), spoil, *changes(session, wanted[1])]
            )
            assert [type(result) for result in results] == [
                Unavailable,
                ExpectationFailed,
                Unavailable,
                Unavailable,
            ]
        monkeypatch.undo()
        assert properties_of(session, ById(number)) == {"x": 1}
        commit(session, PutEntity(ById(number), properties={"again": 1}))
        assert properties_of(session, ById(number)) == {"x": 1, "again": 1}

    def test_closing_writes_what_waits(self, opener: Opener) -> None:
        catalog = opener()
        session = everything(catalog)
        threads = [threading.Thread(target=put, args=(session, f"d{number}")) for number in range(20)]
        with held(catalog):
            for thread in threads:
                thread.start()
            while catalog.store.writer.waiting < len(threads):
                pass
        catalog.close()
        for thread in threads:
            thread.join(10)
        with pytest.raises(Unavailable):
            put(session, "too late")
        assert len(names(everything(opener()), Query())) == 20

    def test_closing_twice_is_closing_once(self, opener: Opener) -> None:
        catalog = opener()
        catalog.close()
        catalog.close()

    def test_many_threads_read_and_write(self, session: Session, catalog: Catalog) -> None:
        commit(session, run("r"))
        failures: list[BaseException] = []

        def work(thread: int) -> None:
            try:
                for step in range(20):
                    commit(
                        session, AppendPoints(ByExternal("test", "r"), [Point(f"m{thread}", 1.0, step, step)])
                    )
                    assert len(session.series(ByExternal("test", "r"), f"m{thread}")) == step + 1
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        assert session.newest() == 161
