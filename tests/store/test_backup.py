"""Backups between databases, and by another process while a store is in use."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.graph.change import AppendPoints, Change, PutEntity, PutFacet
from lineal.graph.errors import Invalid
from lineal.graph.model import ByExternal, Local, Point
from lineal.graph.query import Query
from lineal.store import migrate
from lineal.store.store import driver_for
from lineal.testing.store.backups import fill, summary, summary_or_none
from lineal.testing.store.base import commit, everything, names, put, run
from lineal.testing.store.processes import soon

Opener = Callable[[str], Session]
PROCESS = """
import sys
from lineal.store.store import driver_for
def told(done, total):
    if halt and done > total / 3:
        print("half way", flush=True)
        sys.stdin.read()
_, work, url, file, halt = sys.argv
getattr(driver_for(url), work)(file, told if halt else None)
"""


@pytest.fixture
def opener(tmp_path: Path) -> Iterator[Opener]:
    opened: list[Catalog] = []

    def open_one(url: str) -> Session:
        opened.append(Catalog.open(url, blobs=str(tmp_path / "files")))
        return everything(opened[-1])

    yield open_one
    for catalog in opened:
        catalog.close()


def elsewhere(work: str, url: str, file: Path, *, halt: bool = False) -> subprocess.Popen[str]:
    """Another process that makes or restores a backup; with `halt` it stops on the way."""
    arguments = [sys.executable, "-c", PROCESS, work, url, str(file), "yes" if halt else ""]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.postgres
class TestBetweenDatabases:
    def test_there_and_back(self, opener: Opener, new_database: Callable[[], str], tmp_path: Path) -> None:
        session = opener(f"sqlite:///{tmp_path}/a.db")
        fill(session)
        commit(
            session, *(PutEntity(kind="dataset", name=f"many {n}", properties={"n": n}) for n in range(6000))
        )
        wanted = summary(session)
        for number, url in enumerate((new_database(), new_database(), f"sqlite:///{tmp_path}/b.db")):
            file = str(tmp_path / f"backup {number}")
            session.catalog.store.backup(file)
            driver_for(url).restore(file, None)
            session = opener(url)
            found = summary(session)
            assert [key for key in wanted if found[key] != wanted[key]] == []
            assert session.catalog.store.check() == []
            name = f"written in store {number}"
            put(session, name)
            assert names(session, Query(text=name)) == [name]
            wanted = summary(session)

    def test_what_an_older_lineal_wrote_is_upgraded_first(
        self, opener: Opener, new_database: Callable[[], str], tmp_path: Path
    ) -> None:
        url, file = new_database(), str(tmp_path / "backup")
        session = opener(url)
        session.catalog.store.write(
            lambda cx: cx.execute("UPDATE schema_version SET version = 0 WHERE version > 0")
        )
        with pytest.raises(migrate.NeedsUpgrade):
            session.catalog.store.backup(file)
        assert not Path(file).exists()


class TestInUse:
    def test_another_process_restores(self, session: Session, store_url: str, tmp_path: Path) -> None:
        fill(session)
        before, file = summary(session), tmp_path / "backup"
        finish(elsewhere("backup", store_url, file))
        commit(
            session,
            *(PutEntity(kind="dataset", name=f"later {n}", properties={f"k {n}": n}) for n in range(50)),
        )
        finish(elsewhere("restore", store_url, file))
        assert soon(lambda: summary_or_none(session) == before)
        commit(session, AppendPoints(ByExternal("test", "r"), [Point("new", 1.0, 1, 1)]))
        assert put(session, "after", **{"k 7": "x"})
        assert session.catalog.store.check() == []

    def test_others_go_on_meanwhile(self, session: Session, store_url: str, tmp_path: Path) -> None:
        commit(session, run("r"))
        commit(session, *(PutEntity(kind="dataset", name=f"d {n}") for n in range(3000)))
        file, stop = tmp_path / "backup", threading.Event()
        failures: list[BaseException] = []
        written: list[int] = []

        def write() -> None:
            step = 0
            while not stop.is_set():
                step += 1
                commit(session, AppendPoints(ByExternal("test", "r"), [Point("m", 1.0, step, step)]))
                written.append(step)

        def read() -> None:
            while not stop.is_set():
                assert session.counts() == {"run": 1, "dataset": 3000}
                session.series(ByExternal("test", "r"), "m")
                assert len(session.find(Query(text="77 d")).entities) == 1

        def guard(work: Callable[[], None]) -> None:
            try:
                work()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=guard, args=(work,)) for work in (write, read, read)]
        for thread in threads:
            thread.start()
        for work in ("backup", "restore", "restore"):
            finish(elsewhere(work, store_url, file))
            here = len(written)
            assert soon(lambda here=here: len(written) > here)
        stop.set()
        for thread in threads:
            thread.join(30)
        assert failures == []
        assert session.catalog.store.check() == []

    @pytest.mark.parametrize("work", ["backup", "restore"])
    def test_a_process_that_is_killed_half_way_leaves_all_as_it_was(
        self, session: Session, store_url: str, tmp_path: Path, work: str
    ) -> None:
        fill(session)
        big = "x" * 8000
        for part in range(12):
            puts = [PutEntity(kind="dataset", name=f"big {part} {n}", handle=str(n)) for n in range(100)]
            facets = [PutFacet(Local(str(n)), "big", {"text": big}) for n in range(100)]
            session.commit(Change([*puts, *facets]))
        before, file = summary(session), tmp_path / "backup"
        if work == "restore":
            session.catalog.store.backup(str(file))
        put(session, "later")
        process = elsewhere(work, store_url, file, halt=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "half way\n"
        process.kill()
        process.communicate()
        assert file.exists() == (work == "restore")
        assert session.counts()["dataset"] == 1201
        put(session, "works")
        finish(
            elsewhere("restore", store_url, file)
            if work == "restore"
            else elsewhere("backup", store_url, file)
        )
        if work == "restore":
            assert soon(lambda: summary_or_none(session) == before)
        assert session.catalog.store.check() == []


class TestSqliteFiles:
    def test_a_live_store_is_no_backup(self, opener: Opener, tmp_path: Path) -> None:
        put(opener(f"sqlite:///{tmp_path}/a.db"), "x")
        with pytest.raises(Invalid, match="lineal backup"):
            driver_for(f"sqlite:///{tmp_path}/b.db").restore(f"{tmp_path}/a.db", None)
        assert not (tmp_path / "b.db").exists()

    def test_a_backup_is_read_where_nothing_can_be_written(self, opener: Opener, tmp_path: Path) -> None:
        session = opener(f"sqlite:///{tmp_path}/a.db")
        put(session, "x")
        folder = tmp_path / "readonly"
        folder.mkdir()
        session.catalog.store.backup(str(folder / "backup"))
        (folder / "backup").chmod(0o400)
        folder.chmod(0o500)
        driver_for(f"sqlite:///{tmp_path}/b.db").restore(str(folder / "backup"), None)
        assert [path.name for path in folder.iterdir()] == ["backup"]
        assert names(opener(f"sqlite:///{tmp_path}/b.db"), Query()) == ["x"]

    @pytest.mark.parametrize("content", [b"plain text " * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
    def test_what_is_no_store_is_not_opened(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "file.db"
        path.write_bytes(content)
        with pytest.raises(Invalid):
            Catalog.open(f"sqlite:///{path}", blobs=str(tmp_path))
        assert path.read_bytes() == content

    def test_a_store_is_checked_and_damage_told(self, opener: Opener, tmp_path: Path) -> None:
        path = tmp_path / "a.db"
        session = opener(f"sqlite:///{path}")
        commit(session, *(PutEntity(kind="dataset", name=f"d {n}" * 50) for n in range(500)))
        session.catalog.close()
        data = bytearray(path.read_bytes())
        for page in range(10, len(data) // 4096, 7):
            data[page * 4096 : page * 4096 + 200] = b"\x5a" * 200
        path.write_bytes(bytes(data))
        assert driver_for(f"sqlite:///{path}").check() != []

    def test_another_database_is_not_checked(self, tmp_path: Path) -> None:
        (tmp_path / "empty.db").touch()
        with pytest.raises(Invalid):
            driver_for(f"sqlite:///{tmp_path}/empty.db").check()
