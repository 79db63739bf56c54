"""Backup, restore and check."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import apsw
import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.graph.change import AppendPoints, Change, PutEdge, PutEntity, PutFacet, PutLabel, PutType, Remove
from lineal.graph.errors import Invalid, NotFound
from lineal.graph.model import ByExternal, ById, ByName, Local, Point
from lineal.graph.query import Query, Walk, attribute
from lineal.graph.types import KindDef
from lineal.store import migrate
from lineal.store.base import Connection
from lineal.store.migrate import NeedsUpgrade
from lineal.testing.store.base import Suite, commit, names, properties_of, put, run
from lineal.testing.store.entities import VALUES, same
from lineal.testing.store.processes import soon


def fill(session: Session) -> None:
    """Something of everything."""
    values = {f"k{number}": value for number, value in enumerate(VALUES)}
    commit(session, PutType(KindDef("sensor", supertypes=["dataset"])))
    commit(
        session,
        PutEntity(kind="sensor", name="Größe of customers", unique=True, handle="d", properties=values),
        run("r", description="training of a forest"),
        PutEdge("input", Local("d"), ByExternal("test", "r"), {"n": 1}),
        PutFacet(Local("d"), "schema", {"fields": [{"name": "churnRate"}]}),
        PutLabel(Local("d"), "PII", attributes={"a": 1}),
        AppendPoints(ByExternal("test", "r"), [Point("loss", step / 7, step, step) for step in range(100)]),
        AppendPoints(
            ByExternal("test", "r"), [Point("bad", value, 1, 1) for value in (float("nan"), float("inf"))]
        ),
    )
    commit(session, PutEntity(kind="run", name="gone"), PutEntity(ByExternal("test", "r"), ended=5))
    session.catalog.accounts.add_user(session, "ann", "a long password")
    session.catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "kind", "sensor"))


def summary(session: Session) -> dict[str, object]:
    """All that the store is asked in these tests."""
    ref = ByExternal("test", "r")
    return {
        "counts": session.counts(),
        "names": names(session, Query(state="all")),
        "series": session.series(ref, "loss"),
        "latest": repr(session.get(ref, ("metrics",)).metrics["bad"]),
        "labels": session.get(ref, ("labels",)).labels,
        "external": session.get(ref).external,
        "facets": session.get(ByName("sensor", "Größe of customers"), ("facets",)).facets,
        "lineage": [node.name for node in session.lineage(Walk(ref)).nodes],
        "history": [(event.commit, event.action, event.at) for event in session.history(ref)],
        "types": session.types().has(KindDef, "sensor"),
        "grants": session.catalog.accounts.grants(session),
        "words": [
            names(session, Query(text=text))
            for text in ("grosse", "grose customers", "churn", "forst", "train")
        ],
    }


class Backups(Suite):
    @pytest.fixture
    def file(self, tmp_path: Path) -> str:
        return str(tmp_path / "the backup")

    def test_a_store_comes_back_as_it_was(self, session: Session, catalog: Catalog, file: str) -> None:
        fill(session)
        before = summary(session)
        catalog.store.backup(file)
        commit(session, Remove(ByName("sensor", "Größe of customers"), hard=True))
        commit(
            session,
            *(PutEntity(kind="dataset", name=f"later {n}", properties={f"later {n}": n}) for n in range(20)),
        )
        catalog.store.restore(file)
        assert soon(lambda: summary_or_none(session) == before)
        found = properties_of(session, ByName("sensor", "Größe of customers"))
        assert [number for number, value in enumerate(VALUES) if not same(found[f"k{number}"], value)] == []
        assert catalog.store.check() == []

    def test_writing_goes_on_after_a_restore(self, session: Session, catalog: Catalog, file: str) -> None:
        fill(session)
        newest = session.newest()
        catalog.store.backup(file)
        later = [put(session, f"later {number}", **{f"key {number}": 1}) for number in range(5)]
        catalog.store.restore(file)
        number = commit(session, PutEntity(kind="dataset", name="new", properties={"other": 2, "key 3": 3}))[
            0
        ]
        assert number <= later[-1], "ids go on from those of the backup"
        assert soon(lambda: properties_of(session, ById(number)) == {"other": 2, "key 3": 3})
        assert session.newest() == newest + 1
        assert catalog.store.check() == []

    def test_it_is_one_file_that_holds_the_store_of_one_moment(
        self, session: Session, catalog: Catalog, file: str
    ) -> None:
        put(session, "first")
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                catalog.store.write(lambda cx: two_more(session, cx))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            catalog.store.backup(file)
        finally:
            stop.set()
            writer.join(30)
        assert [path.name for path in Path(file).parent.iterdir() if "the backup" in path.name] == [
            "the backup"
        ]
        sql = (
            "SELECT (SELECT COUNT(*) FROM entity), (SELECT COUNT(*) FROM commit_log),"
            " (SELECT value FROM counter WHERE name = 'entity')"
        )
        with apsw.Connection(file, flags=apsw.SQLITE_OPEN_READONLY) as raw:
            entities, commits, given = (int(value or 0) for value in raw.execute(sql).fetchall()[0])
        assert entities == commits == given
        assert entities % 2 == 1, "both of the two, or neither"

    def test_progress_is_told_up_to_the_whole(self, session: Session, catalog: Catalog, file: str) -> None:
        fill(session)
        for work in (catalog.store.backup, catalog.store.restore):
            told: list[tuple[int, int]] = []

            def note(done: int, total: int, told: list[tuple[int, int]] = told) -> None:
                told.append((done, total))

            work(file, note)
            assert told[-1][0] == told[-1][1] > 0
            assert told == sorted(told)
            assert len({total for _, total in told}) == 1

    def test_a_backup_never_replaces_a_file(self, catalog: Catalog, file: str, tmp_path: Path) -> None:
        Path(file).write_text("precious")
        with pytest.raises(Invalid, match="exists"):
            catalog.store.backup(file)
        assert Path(file).read_text() == "precious"
        with pytest.raises(Invalid, match="folder"):
            catalog.store.backup(str(tmp_path / "no" / "such" / "folder"))

    def test_what_is_no_backup_is_refused(self, session: Session, catalog: Catalog, tmp_path: Path) -> None:
        fill(session)
        before = summary(session)
        good = tmp_path / "good"
        catalog.store.backup(str(good))
        text, empty, cut, foreign, torn = (
            tmp_path / name for name in ("text", "empty", "cut", "foreign", "torn")
        )
        text.write_text("this is no database" * 500)
        empty.write_bytes(b"")
        cut.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
        with apsw.Connection(str(foreign)) as raw:
            raw.execute("CREATE TABLE entity (id)")
        torn.write_bytes(_torn(good.read_bytes()))
        for path in (text, empty, cut, foreign, torn, tmp_path / "missing", tmp_path):
            with pytest.raises(Invalid):
                catalog.store.restore(str(path))
        assert summary(session) == before

    def test_another_schema_is_refused(self, session: Session, catalog: Catalog, file: str) -> None:
        put(session, "kept")
        catalog.store.backup(file)
        with apsw.Connection(file) as raw:
            raw.execute("UPDATE schema_version SET version = ?", (migrate.newest() + 1,))
        with pytest.raises(Invalid, match="install a newer Lineal"):
            catalog.store.restore(file)
        with apsw.Connection(file) as raw:
            raw.execute("UPDATE schema_version SET version = 0")
        with pytest.raises(NeedsUpgrade):
            catalog.store.restore(file)
        assert names(session, Query()) == ["kept"]

    def test_a_failure_half_way_leaves_all_as_it_was(
        self, session: Session, catalog: Catalog, file: str, tmp_path: Path
    ) -> None:
        fill(session)
        before = summary(session)

        def fail(done: int, total: int) -> None:
            raise OSError("the disk is full")

        with pytest.raises(OSError, match="full"):
            catalog.store.backup(file, fail)
        assert [path.name for path in tmp_path.iterdir() if "the backup" in path.name] == []
        catalog.store.backup(file)
        put(session, "later")
        with pytest.raises(OSError, match="full"):
            catalog.store.restore(file, fail)
        assert "later" in names(session, Query())
        commit(
            session,
            Remove(
                ById(session.find(Query(where=attribute("name", "=", "later"))).entities[0].id), hard=True
            ),
        )
        assert summary(session) == before
        put(session, "works")
        assert catalog.store.check() == []

    @pytest.mark.parametrize(
        ("damage", "told"),
        [
            ("DELETE FROM entity WHERE name = 'r'", "missing entity"),
            ("UPDATE property SET key = 99999 WHERE key = (SELECT MIN(key) FROM property)", "property.key"),
            ("DELETE FROM label WHERE root = entity", "inherited"),
            ("UPDATE counter SET value = 1 WHERE name = 'entity'", "counter"),
            ("DELETE FROM document", "missing in the index of text"),
            ("DELETE FROM latest", "no latest value"),
            ("UPDATE latest SET step = step - 1, bits = 0", "not its latest point"),
            ("UPDATE latest SET home = 77", "another home"),
            ("DELETE FROM commit_log WHERE id = 2", "commit_log"),
            ("DELETE FROM principal", "principal"),
        ],
    )
    def test_damage_is_found(self, session: Session, catalog: Catalog, damage: str, told: str) -> None:
        fill(session)
        assert catalog.store.check() == []
        catalog.store.write(lambda cx: cx.execute(damage))
        assert any(told in problem for problem in catalog.store.check())


def summary_or_none(session: Session) -> dict[str, object] | None:
    """The summary, once what was restored is known."""
    try:
        return summary(session)
    except NotFound:
        return None


def two_more(session: Session, cx: Connection) -> None:
    """Two entities in one transaction."""
    for _ in range(2):
        session._apply(cx, Change([PutEntity(kind="dataset", name="x")]))


def _torn(data: bytes) -> bytes:
    """A database with pages of noise."""
    noise = random.Random(1).randbytes(4096 * 4)
    middle = len(data) // 2 // 4096 * 4096
    return data[:middle] + noise + data[middle + len(noise) :]
