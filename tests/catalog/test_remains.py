"""Files of entities that are removed for good do not stay behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.remains import Remains
from lineal.catalog.session import Session
from lineal.graph.change import Change, PutEntity, Remove
from lineal.graph.errors import Unavailable
from lineal.graph.model import ById, ByUuid
from lineal.store.blobs.local import LocalFolder


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def put(session: Session, home: int | None = None, uuid: str | None = None) -> tuple[int, str]:
    made = PutEntity(
        ByUuid(uuid) if uuid else None,
        kind="run" if home else "experiment",
        name="x",
        home=ById(home) if home else None,
    )
    commit = session.commit(Change([made]))
    number = commit.entities[0]
    asyncio.run(session.folder(ById(number), write=True).write("deep/file.bin", _once(b"bytes")))
    return number, commit.uuids[0]


def remove(session: Session, number: int) -> None:
    session.commit(Change([Remove(ById(number), hard=True, cascade=True)]))


def soon(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def places(files: Path, uuids: list[str]) -> list[Path]:
    return [each for uuid in uuids if (each := files / uuid[:2] / uuid).exists()]


def waiting(catalog: Catalog) -> int:
    return int(catalog.store.read("SELECT COUNT(*) FROM remains WHERE swept = 0")[0][0])


def test_what_is_removed_takes_its_files_along(session: Session, tmp_path: Path) -> None:
    experiment, first = put(session)
    runs = [put(session, experiment) for _ in range(3)]
    other, kept = put(session)
    removed = [first, *(uuid for _, uuid in runs)]
    assert len(places(tmp_path / "files", [*removed, kept])) == 5
    remove(session, experiment)
    soon(lambda: not places(tmp_path / "files", removed))
    assert places(tmp_path / "files", [kept]) != []
    assert b"".join(session.folder(ById(other)).read("deep/file.bin")) == b"bytes"


def test_what_is_deleted_softly_keeps_its_files(session: Session, tmp_path: Path) -> None:
    number, uuid = put(session)
    session.commit(Change([PutEntity(ById(number), kind="experiment", state="deleted")]))
    gone, other = put(session)
    remove(session, gone)
    soon(lambda: not places(tmp_path / "files", [other]))
    assert places(tmp_path / "files", [uuid]) != []


def test_a_refused_change_takes_nothing_away(session: Session, catalog: Catalog, tmp_path: Path) -> None:
    number, uuid = put(session)
    with pytest.raises(Exception, match="nothing"):
        session.commit(Change([Remove(ById(number), hard=True), Remove(ById(10**9), hard=True)]))
    assert waiting(catalog) == 0
    assert places(tmp_path / "files", [uuid]) != []


def test_a_server_that_died_goes_on_when_it_starts_again(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Remains, "wake", lambda self: None)
    catalog = Catalog.open(store_url, blobs=str(tmp_path / "files"))
    number, uuid = put(catalog.session(LOCAL, "test"))
    remove(catalog.session(LOCAL, "test"), number)
    catalog.close()
    assert places(tmp_path / "files", [uuid]) != []
    monkeypatch.undo()
    catalog = Catalog.open(store_url, blobs=str(tmp_path / "files"))
    soon(lambda: not places(tmp_path / "files", [uuid]))
    soon(lambda: waiting(catalog) == 0)
    catalog.close()


def test_a_disk_that_fails_is_asked_again(
    session: Session, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def broken(self: LocalFolder, path: str) -> None:
        tried.append(path)
        raise Unavailable("the disk is away")

    number, uuid = put(session)
    other, _ = put(session)
    with monkeypatch.context() as patch:
        patch.setattr(LocalFolder, "delete", broken)
        remove(session, number)
        soon(lambda: bool(tried))
    assert waiting(catalog) == 1
    remove(session, other)
    soon(lambda: waiting(catalog) == 0)
    assert places(tmp_path / "files", [uuid]) == []


def test_what_still_arrived_is_swept_a_day_later(session: Session, catalog: Catalog, tmp_path: Path) -> None:
    number, uuid = put(session)
    late = session.folder(ById(number), write=True)
    remove(session, number)
    soon(lambda: waiting(catalog) == 0)
    asyncio.run(late.write("late", _once(b"x")))
    assert places(tmp_path / "files", [uuid]) != []
    catalog.store.write(lambda cx: cx.execute("UPDATE remains SET at = at - 90000000"))
    catalog.remains.wake()
    soon(lambda: catalog.store.read("SELECT * FROM remains") == [])
    assert places(tmp_path / "files", [uuid]) == []


def test_an_entity_that_was_made_anew_keeps_its_files(
    session: Session, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Remains, "wake", lambda self: None)
    number, uuid = put(session)
    remove(session, number)
    put(session, uuid=uuid)
    monkeypatch.undo()
    catalog.remains.wake()
    soon(lambda: catalog.store.read("SELECT * FROM remains") == [])
    assert places(tmp_path / "files", [uuid]) != []
