"""PostgreSQL: lost connections, poolers, addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.graph.change import AppendPoints, Change, PutEntity
from lineal.graph.errors import Invalid, Unavailable
from lineal.graph.model import ByExternal, ById, Point
from lineal.graph.query import Attribute, Order, Query, attribute
from lineal.store.store import driver_for
from lineal.testing.store.base import commit, everything, names, properties_of, put, run
from lineal.testing.store.writing import changes, together

pytestmark = pytest.mark.postgres
Opener = Callable[[str], Session]


@pytest.fixture
def opener(tmp_path: Path) -> Iterator[Opener]:
    opened: list[Catalog] = []

    def open_one(url: str) -> Session:
        opened.append(Catalog.open(url, blobs=str(tmp_path)))
        return everything(opened[-1])

    yield open_one
    for catalog in opened:
        catalog.close()


@pytest.fixture
def session(opener: Opener, postgres_url: str) -> Session:
    return opener(postgres_url)


def cut_off(url: str) -> int:
    """End every connection to the database but this one; how many there were."""
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as connection:
        return len(
            connection.execute(
                f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}"
            ).fetchall()
        )


class TestLostConnections:
    def test_a_reader_and_an_idle_writer_open_new_ones(self, session: Session, postgres_url: str) -> None:
        number = put(session, "d", a=1)
        assert properties_of(session, ById(number)) == {"a": 1}
        for value in range(3):
            assert cut_off(postgres_url) == 2
            assert names(session, Query()) == ["d"]
            commit(session, PutEntity(ById(number), properties={"a": value}))
            assert properties_of(session, ById(number)) == {"a": value}

    def test_requests_of_a_transaction_that_is_lost_are_told_so(
        self, session: Session, postgres_url: str
    ) -> None:
        number = put(session, "d")

        def lose(_: object) -> None:
            cut_off(postgres_url)

        wanted = [Change([PutEntity(ById(number), properties={f"k{n}": n})]) for n in range(4)]
        works = changes(session, *wanted)
        results = together(session.catalog, [works[0], works[1], lose, works[2]])
        assert [type(result) for result in results] == [Unavailable] * 4
        assert properties_of(session, ById(number)) == {}
        session.commit(wanted[3])
        assert properties_of(session, ById(number)) == {"k3": 3}
        assert session.catalog.store.check() == []

    def test_a_server_that_is_away_is_unavailable(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match="does not answer"):
            Catalog.open(f"postgresql:///x?host={tmp_path}&user=x", blobs=str(tmp_path))

    def test_no_password_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable) as caught:
            Catalog.open("postgresql://user:secret@127.0.0.1:1/x", blobs=str(tmp_path))
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        "url", ["postgresql://h/x?prepare=on", "postgresql://h/x?nonsense=1", "postgresql://h:port/x"]
    )
    def test_an_address_that_cannot_be_understood(self, url: str, tmp_path: Path) -> None:
        with pytest.raises((Invalid, Unavailable)):
            Catalog.open(url, blobs=str(tmp_path))


class TestPoolers:
    """What a pooler that hands connections on between transactions needs."""

    def test_nothing_is_left_on_a_connection(self, opener: Opener, postgres_url: str) -> None:
        session = opener(postgres_url + "&prepare=off")
        commit(session, run("r"))
        for step in range(20):
            commit(session, AppendPoints(ByExternal("test", "r"), [Point("m", 1.0, step, step)]))
            assert len(session.series(ByExternal("test", "r"), "m")) == step + 1
        for connection in (session.catalog.store.writer._cx, session.catalog.store.reader()):
            assert connection is not None
            prepared = connection.execute("SELECT COUNT(*) FROM pg_prepared_statements")
            readonly = connection.execute("SELECT current_setting('default_transaction_read_only')")
            assert (prepared, readonly) == ([(0,)], [("off",)])

    def test_otherwise_statements_are_prepared_and_readers_only_read(self, session: Session) -> None:
        for number in range(10):
            put(session, f"d{number}")
            names(session, Query())
        reader = session.catalog.store.reader()
        assert reader.execute("SELECT COUNT(*) FROM pg_prepared_statements")[0][0] > 0
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            reader.execute("DELETE FROM entity RETURNING id")

    def test_a_plan_does_not_depend_on_the_size_of_numbers(self, session: Session) -> None:
        commit(session, run("r"))
        stamps = [1, 2**20, 2**40] * 8
        for number, stamp in enumerate(stamps):
            commit(session, AppendPoints(ByExternal("test", "r"), [Point("m", 1.0, stamp + number, stamp)]))
        writer = session.catalog.store.writer._cx
        assert writer is not None
        sql = "SELECT COUNT(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO point%'"
        assert writer.execute(sql) == [(1,)]


class TestLocales:
    def test_order_and_case_do_not_depend_on_the_databases_locale(
        self, opener: Opener, postgres_server: str
    ) -> None:
        make = "CREATE DATABASE elsewhere TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST'"
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(make)
        session = opener(postgres_server.replace("/postgres?", "/elsewhere?"))
        for name in ("b", "A", "a", "B", "É", "é"):
            put(session, name)
        assert names(session, Query(order=[Order(Attribute("name"))])) == ["A", "B", "a", "b", "É", "é"]
        assert names(session, Query(where=attribute("name", "ilike", "A"))) == ["A", "a"]
        assert names(session, Query(where=attribute("name", "ilike", "é"))) == ["é"]


class TestDriver:
    def test_whole_and_other_numbers_may_be_mixed_in_a_list(self, postgres_url: str) -> None:
        connection = driver_for(postgres_url).connect(readonly=True)
        assert connection.dialect.pack([1, 2.5]) == [1.0, 2.5]
        assert connection.dialect.pack([1, 2]) == [1, 2]
        connection.close()
