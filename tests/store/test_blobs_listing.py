"""Folders of many files: a few of them cost little, and what changed is seen."""

from __future__ import annotations

import asyncio
import os
import time
import tracemalloc
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from lineal.graph.errors import Invalid
from lineal.store.blobs import Blobs, Folder, Listed, listing

NAME = "0123456789abcdef0123456789abcdef"


async def stream(data: bytes) -> AsyncIterator[bytes]:
    yield data


def put(folder: Folder, path: str, data: bytes = b"x") -> None:
    asyncio.run(folder.write(path, stream(data)))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Blobs(str(tmp_path / "files")).folder(NAME)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "files" / NAME[:2] / NAME


def settle(place: Path) -> None:
    """Let a folder's last change lie in the past, so that it may be remembered."""
    os.utime(place, (time.time() - 60,) * 2)


@pytest.mark.parametrize("kind", ["local", "memory", "s3"])
def test_entries_after_another(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    urls = {"local": str(tmp_path / "files"), "memory": f"memory://{tmp_path}"}
    folder = Blobs(urls.get(kind) or request.getfixturevalue("bucket")).folder(NAME)
    for path in ("d/a", "d/a.b", "d/b/c", "d/ü", "e"):
        put(folder, path)
    found = ["d/a", "d/a.b", "d/b", "d/ü"]
    assert [each.path for each in folder.entries("d")] == found
    for number, path in enumerate(found):
        assert [each.path for each in folder.entries("d", path)] == found[number + 1 :]
    assert [each.path for each in folder.entries("d", "d/aa")] == ["d/b", "d/ü"]
    assert [each.path for each in folder.entries("", "d")] == ["e"]
    assert list(folder.entries("none")) == []


def test_only_what_is_drawn_is_looked_at(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.mkdir(parents=True)
    for number in range(5000):
        (place / f"{number:05}").touch()
    looked: list[str] = []
    real = os.lstat
    monkeypatch.setattr(listing.os, "lstat", lambda path: looked.append(path) or real(path))
    assert len(list(islice(folder.entries("", "02999"), 10))) == 10
    assert len([each for each in looked if each.startswith(f"{place}/")]) == 1000


def test_what_changed_is_seen_at_once(folder: Folder, place: Path) -> None:
    put(folder, "a", b"1")
    for number in range(50):
        settle(place)
        assert folder.list()[-1].path == ("a" if not number else f"b{number - 1:02}")
        put(folder, f"b{number:02}", b"22")
        assert folder.list()[-1] == Listed(f"b{number:02}", False, 2)
        put(folder, f"b{number:02}", b"333")
        assert folder.list()[-1] == Listed(f"b{number:02}", False, 3)
    settle(place)
    assert len(folder.list()) == 51
    folder.delete("a")
    assert len(folder.list()) == 50


def test_two_changes_within_one_tick_of_the_clock_are_both_seen(folder: Folder, place: Path) -> None:
    for number in range(200):
        put(folder, f"{number:03}")
        assert len(folder.list()) == number + 1


def test_names_are_remembered(folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "a", b"12")
    settle(place)
    assert folder.list() == [Listed("a", False, 2)]
    monkeypatch.setattr(listing.os, "scandir", None)
    assert folder.list() == [Listed("a", False, 2)]


def test_our_own_changes_are_added_to_what_is_remembered(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("b", "d", "deep/er"):
        put(folder, path, b"12")
    settle(place)
    before = folder.entries()
    assert next(before) == Listed("b", False, 2)
    monkeypatch.setattr(listing.Names, "read", None)
    put(folder, "c", b"123")
    put(folder, "b", b"1234")
    put(folder, "a", b"1")
    folder.delete("d")
    assert folder.list() == [
        Listed("a", False, 1),
        Listed("b", False, 4),
        Listed("c", False, 3),
        Listed("deep", True, 0),
    ]
    assert [each.path for each in before] == ["d", "deep"], "a listing that is under way stays as it was"
    assert [each.path for each in folder.entries("", "b")] == ["c", "deep"]


def test_a_failed_change_and_one_of_somebody_else_are_read_anew(folder: Folder, place: Path) -> None:
    put(folder, "a")
    (place / "taken").mkdir()
    settle(place)
    assert len(folder.list()) == 2
    with pytest.raises(Invalid):
        put(folder, "taken")
    assert len(folder.list()) == 2
    settle(place)
    assert len(folder.list()) == 2
    (place / "foreign").write_bytes(b"xyz")
    put(folder, "b")
    assert [each.path for each in folder.list()] == ["a", "b", "foreign", "taken"]


def test_what_was_added_to_is_read_again_after_a_while(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "a")
    settle(place)
    folder.list()
    put(folder, "b")
    changed = place.stat().st_mtime_ns
    (place / "unnoticed").touch()
    os.utime(place, ns=(changed, changed))
    assert [each.path for each in folder.list()] == ["a", "b"]
    later = time.monotonic() + 61
    monkeypatch.setattr(listing.time, "monotonic", lambda: later)
    assert [each.path for each in folder.list()] == ["a", "b", "unnoticed"]


def test_on_a_disk_with_a_coarse_clock_every_change_is_read(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_touched", lambda _: 1)
    put(folder, "a")
    settle(place)
    folder.list()
    put(folder, "b")
    reads: list[str] = []
    real = listing.Names.read
    monkeypatch.setattr(listing.Names, "read", lambda full: reads.append(full) or real(full))
    assert len(folder.list()) == 2
    assert reads


def test_many_writers_and_readers_of_one_folder_agree_in_the_end(folder: Folder, place: Path) -> None:
    put(folder, "000-0")
    settle(place)
    folder.list()

    def write(number: int) -> None:
        for step in range(12):
            put(folder, f"{step:03}-{number}", b"x" * step)
            found = [each.path for each in folder.list()]
            assert found == sorted(set(found))
            assert f"{step:03}-{number}" in found
            if step % 3 == 0:
                folder.delete(f"{step:03}-{number}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    listed = {each.path: each.size for each in folder.list()}
    assert listed == {path.name: path.stat().st_size for path in place.iterdir()}


def test_no_more_names_are_remembered_than_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_MOST_NAMES", 10)
    blobs = Blobs(str(tmp_path / "files"))
    for name in ("aa", "bb", "cc"):
        folder = blobs.folder(name)
        for number in range(6):
            put(folder, str(number))
        settle(tmp_path / "files" / name / name)
        assert len(folder.list()) == 6
    assert len(blobs._place.listings._known) == 1


def test_links_are_followed_anew_each_time(folder: Folder, place: Path, tmp_path: Path) -> None:
    put(folder, "a/real", b"mine")
    (place / "link").symlink_to(place / "a" / "real")
    settle(place)
    assert folder.list() == [Listed("a", True, 0), Listed("link", False, 4)]
    (place / "link").unlink()
    (place / "link").symlink_to(tmp_path)
    settle(place)
    assert folder.list() == [Listed("a", True, 0)]


def test_what_cannot_be_named_or_read_is_not_listed(folder: Folder, place: Path) -> None:
    put(folder, "a")
    os.mkfifo(place / "pipe")
    Path(os.fsdecode(os.fsencode(place) + b"/\xff\xfe")).touch()
    assert folder.list() == [Listed("a", False, 1)]


def test_a_hundred_thousand_files_take_little_memory(folder: Folder, place: Path) -> None:
    place.mkdir(parents=True)
    for number in range(100_000):
        os.close(os.open(place / f"file-{number:06}.png", os.O_CREAT))
    settle(place)
    tracemalloc.start()
    try:
        count = sum(1 for _ in folder.entries())
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 100_000
    assert kept < 12 * 2**20, kept
    assert peak < 60 * 2**20, peak
    page = list(islice(folder.entries("", "file-054320.png"), 3))
    assert [each.path for each in page] == ["file-054321.png", "file-054322.png", "file-054323.png"]
