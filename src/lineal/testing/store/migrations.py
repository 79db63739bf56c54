"""Setting a store up and bringing it up to date."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lineal.graph.errors import Invalid
from lineal.store import migrate
from lineal.store.base import Connection
from lineal.store.migrate import NeedsUpgrade
from lineal.store.store import driver_for
from lineal.testing.store.base import Opener, Suite, everything, put

Steps = list[tuple[int, dict[str, str]]]


class Migrations(Suite):
    @pytest.fixture
    def connection(self, url: str) -> Iterator[Connection]:
        opened = driver_for(url).connect(readonly=False)
        yield opened
        opened.close()

    @pytest.fixture
    def one_more(self, monkeypatch: pytest.MonkeyPatch) -> int:
        """The number of a migration that a newer Lineal brings."""
        steps: Steps = list(migrate._steps())
        number = steps[-1][0] + 1
        text = {"": "CREATE TABLE fresh (id {id}, name TEXT NOT NULL); INSERT INTO fresh VALUES (1, 'x');"}
        monkeypatch.setattr(migrate, "_steps", lambda: iter([*steps, (number, text)]))
        return number

    def test_an_empty_store_is_set_up_once(self, connection: Connection) -> None:
        assert migrate.current(connection) == 0
        migrate.prepare(connection)
        assert migrate.current(connection) == migrate.newest()
        migrate.prepare(connection)
        assert migrate.upgrade(connection) == []

    def test_looking_at_the_version_writes_nothing(self, connection: Connection) -> None:
        migrate.current(connection)
        assert connection.execute(connection.dialect.tables) == []

    def test_an_older_store_is_refused_until_upgraded(self, opener: Opener, one_more: int) -> None:
        older: Steps = list(migrate._steps())[:-1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(migrate, "_steps", lambda: iter(older))
            put(everything(opener()), "kept")
        with pytest.raises(NeedsUpgrade, match="lineal upgrade"):
            opener()

    def test_an_upgrade_keeps_what_is_there(self, url: str, opener: Opener, connection: Connection) -> None:
        put(everything(opener()), "kept")
        steps: Steps = list(migrate._steps())
        number = steps[-1][0] + 1
        with pytest.MonkeyPatch.context() as patch:
            text = {
                "": "CREATE TABLE fresh (id {id}, name TEXT NOT NULL)",
                connection.dialect.name: "DROP TABLE fresh",
            }
            patch.setattr(migrate, "_steps", lambda: iter([*steps, (number, text)]))
            assert migrate.upgrade(connection) == [number]
            assert migrate.upgrade(connection) == []
            assert everything(opener()).counts() == {"dataset": 1}

    def test_a_newer_store_is_refused_with_the_way_out(self, opener: Opener, connection: Connection) -> None:
        opener()
        connection.script(f"INSERT INTO schema_version VALUES ({migrate.newest() + 1}, 0)")
        for use in (opener, lambda: migrate.upgrade(connection)):
            with pytest.raises(Invalid, match="install a newer Lineal") as caught:
                use()
            assert not isinstance(caught.value, NeedsUpgrade)

    def test_a_migration_that_fails_leaves_nothing(self, opener: Opener, connection: Connection) -> None:
        opener()
        steps: Steps = list(migrate._steps())
        broken = (steps[-1][0] + 1, {"": "CREATE TABLE fresh (id {id}); CREATE TABLE entity (id {id})"})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(migrate, "_steps", lambda: iter([*steps, broken]))
            with pytest.raises(Exception, match="entity"):
                migrate.upgrade(connection)
        assert ("fresh",) not in connection.execute(connection.dialect.tables)
        assert migrate.current(connection) == migrate.newest()
        put(everything(opener()), "works")

    def test_several_processes_may_set_it_up_at_once(self, url: str) -> None:
        applied: list[list[int]] = []
        failures: list[BaseException] = []

        def prepare() -> None:
            connection = driver_for(url).connect(readonly=False)
            try:
                applied.append(migrate.upgrade(connection))
            except BaseException as error:
                failures.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=prepare) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert failures == []
        assert len(applied) == len(threads)
        assert sorted(number for each in applied for number in each) == [
            number for number, _ in migrate._steps()
        ]
