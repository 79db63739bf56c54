"""Bytes of entities, on a disk and in an object store."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lineal.graph.errors import Invalid, NotFound, Unavailable
from lineal.store.blobs import PIECE, Blobs, Folder, Listed, safe_path

NAME = "0123456789abcdef0123456789abcdef"


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def put(folder: Folder, path: str, *pieces: bytes) -> int:
    return asyncio.run(folder.write(path, stream(*pieces)))


def get(folder: Folder, path: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join(folder.read(path, start, end))


@pytest.fixture(params=["local", "file", "memory", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    match request.param:
        case "s3":
            return Blobs(request.getfixturevalue("bucket"))
        case "memory":
            return Blobs(f"memory://{tmp_path}")
        case "file":
            return Blobs(f"file://{tmp_path}/files")
    return Blobs(str(tmp_path / "files"))


@pytest.fixture
def folder(blobs: Blobs) -> Folder:
    return blobs.folder(NAME)


@pytest.fixture
def local(tmp_path: Path) -> Folder:
    return Blobs(str(tmp_path / "files")).folder(NAME)


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


class TestEverywhere:
    def test_what_was_written_is_read(self, folder: Folder) -> None:
        assert put(folder, "a/b.txt", b"hello ", b"world") == 11
        assert folder.size("a/b.txt") == 11
        assert get(folder, "a/b.txt") == b"hello world"

    def test_an_empty_file_is_a_file(self, folder: Folder) -> None:
        assert put(folder, "empty") == 0
        assert (folder.size("empty"), get(folder, "empty")) == (0, b"")
        assert folder.list() == [Listed("empty", False, 0)]

    def test_large_files_come_in_pieces_and_whole(self, folder: Folder) -> None:
        data = os.urandom(3 * PIECE + 17)
        put(folder, "large", *(data[at : at + 70_000] for at in range(0, len(data), 70_000)))
        pieces = list(folder.read("large"))
        assert len(pieces) > 1
        assert b"".join(pieces) == data

    @pytest.mark.parametrize(
        ("start", "end"), [(0, 1), (3, 7), (9, 10), (5, None), (0, 10**9), (10, None), (7, 7), (10**6, None)]
    )
    def test_a_part_is_read(self, folder: Folder, start: int, end: int | None) -> None:
        put(folder, "ten", b"0123456789")
        assert get(folder, "ten", start, end) == b"0123456789"[start:end]

    def test_a_file_is_replaced(self, folder: Folder) -> None:
        put(folder, "f", b"a longer text")
        put(folder, "f", b"short")
        assert get(folder, "f") == b"short"

    def test_a_listing_has_direct_entries_in_order(self, folder: Folder) -> None:
        for path in ("b/2", "b/1", "b/c/3", "a", "z/y/x"):
            put(folder, path, b"x" * 5)
        assert folder.list() == [Listed("a", False, 5), Listed("b", True, 0), Listed("z", True, 0)]
        assert folder.list("b") == [Listed("b/1", False, 5), Listed("b/2", False, 5), Listed("b/c", True, 0)]
        assert folder.list("./b//c/") == [Listed("b/c/3", False, 5)]

    def test_what_is_not_there(self, folder: Folder) -> None:
        put(folder, "a/file", b"x")
        assert folder.list("nothing") == []
        assert folder.list("a/file") == []
        assert folder.list("a/file/below") == []
        for path in ("nothing", "a/nothing", "a/file/below", "a/fil"):
            with pytest.raises(NotFound):
                folder.size(path)
            with pytest.raises(NotFound):
                folder.read(path)

    def test_a_folder_is_no_file(self, folder: Folder) -> None:
        put(folder, "a/file", b"x")
        for call in (lambda: folder.size("a"), lambda: folder.read("a"), lambda: put(folder, "a", b"y")):
            with pytest.raises(Invalid):
                call()
        assert get(folder, "a/file") == b"x"

    def test_files_and_folders_are_deleted(self, folder: Folder) -> None:
        for path in ("a/1", "a/2", "b"):
            put(folder, path, b"x")
        folder.delete("a/1")
        assert [entry.path for entry in folder.list("a")] == ["a/2"]
        folder.delete("a")
        assert [entry.path for entry in folder.list()] == ["b"]
        folder.delete("a")
        folder.delete("nothing/at/all")
        folder.delete("")
        assert folder.list() == []
        put(folder, "again", b"x")
        assert get(folder, "again") == b"x"

    def test_entities_do_not_see_each_other(self, blobs: Blobs) -> None:
        put(blobs.folder(NAME), "mine", b"1")
        other = blobs.folder(NAME[:-1] + "0")
        assert other.list() == []
        other.delete("")
        assert get(blobs.folder(NAME), "mine") == b"1"

    def test_names_are_kept_as_they_are(self, folder: Folder) -> None:
        names = [
            "with space.txt",
            "größe.csv",
            "数据.bin",
            "a%20b",
            "100%",
            "x+y&z=1?#",
            "'quote\"",
            "-dash",
            ".hide",
        ]
        for name in names:
            put(folder, f"d/{name}", name.encode())
        assert [entry.path.removeprefix("d/") for entry in folder.list("d")] == sorted(names)
        assert [get(folder, f"d/{name}").decode() for name in names] == names

    def test_a_stream_that_breaks_leaves_what_was_there(self, folder: Folder) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"n" * (2 * PIECE)
            raise ConnectionResetError("the client went away")

        put(folder, "kept", b"old")
        for path in ("kept", "new"):
            with pytest.raises(ConnectionResetError):
                asyncio.run(folder.write(path, broken()))
        assert get(folder, "kept") == b"old"
        assert [entry.path for entry in folder.list()] == ["kept"]

    def test_a_cancelled_write_leaves_what_was_there(self, folder: Folder) -> None:
        async def main() -> None:
            waiting = asyncio.Event()

            async def slow() -> AsyncIterator[bytes]:
                yield b"n" * (2 * PIECE)
                waiting.set()
                await asyncio.sleep(60)

            task = asyncio.create_task(folder.write("kept", slow()))
            await waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        put(folder, "kept", b"old")
        asyncio.run(main())
        assert get(folder, "kept") == b"old"

    def test_writers_of_one_path_do_not_mix(self, folder: Folder) -> None:
        async def main() -> None:
            texts = [bytes([65 + number]) * (PIECE + 10) for number in range(8)]
            await asyncio.gather(*(folder.write("one", stream(text[:100], text[100:])) for text in texts))

        asyncio.run(main())
        found = get(folder, "one")
        assert len(found) == PIECE + 10
        assert len(set(found)) == 1
        assert [entry.path for entry in folder.list()] == ["one"]

    def test_a_folder_of_thousands(self, folder: Folder, blobs: Blobs) -> None:
        count = 100 if blobs.url.startswith("s3") else 1000

        async def main() -> None:
            for start in range(0, count, 50):
                await asyncio.gather(
                    *(folder.write(f"many/{n:05}", stream(b"x")) for n in range(start, start + 50))
                )

        asyncio.run(main())
        started = time.monotonic()
        found = folder.list("many")
        assert time.monotonic() - started < 2
        assert [entry.path for entry in found] == [f"many/{number:05}" for number in range(count)]


ESCAPES = [
    "..", "../x", "a/../../x", "a/..", "/etc/passwd", "//etc", "~root/x", "%2e%2e/x", "..%2fx", "%2e%2e%2fx",
    "%252e%252e/x", "%252e%252e%252fx", "a\\..\\x", "..\\x", "%5c..%5cx", "%255c..", "C:/x", "c:x", "file:///etc/passwd",
    "a\x00b", "a\nb", "a%00b", "a%0ab", "a\x7fb", "x" * 256, "x/" * 1500, "a/\udcff",
]  # fmt: skip


class TestEscapes:
    @pytest.mark.parametrize("path", ESCAPES)
    def test_a_path_that_plays_tricks_is_refused(self, local: Folder, path: str) -> None:
        with pytest.raises(Invalid):
            safe_path(path)
        for call in (local.list, local.size, local.read, local.delete, lambda path: put(local, path, b"x")):
            with pytest.raises(Invalid):
                call(path)

    @pytest.mark.parametrize("path", ["", ".", "/", "./", ".//."])
    def test_the_folder_itself_is_no_file(self, local: Folder, path: str) -> None:
        with pytest.raises(Invalid):
            put(local, path, b"x")

    @pytest.mark.parametrize(
        ("path", "plain"),
        [("a/./b", "a/b"), ("a//b/", "a/b"), ("a..b/..c", "a..b/..c"), ("...", "..."), ("x:y/z", "")],
    )
    def test_paths_are_normalised(self, path: str, plain: str) -> None:
        if plain:
            assert safe_path(path) == plain
        else:
            with pytest.raises(Invalid):
                safe_path(path)


class TestDisk:
    def test_links_that_lead_out_are_not_followed(self, local: Folder, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        (outside / "deep").mkdir(parents=True)
        (outside / "secret").write_text("secret")
        put(local, "real", b"mine")
        root = tmp_path / "files" / NAME[:2] / NAME
        (root / "file").symlink_to(outside / "secret")
        (root / "folder").symlink_to(outside)
        (root / "dangling").symlink_to(tmp_path / "nowhere")
        (root / "loop").symlink_to(root / "loop")
        assert [entry.path for entry in local.list()] == ["real"]
        for path in ("file", "folder", "folder/secret", "folder/new", "folder/deep", "dangling"):
            for call in (local.size, local.list, local.read, lambda path: put(local, path, b"x")):
                with pytest.raises(Invalid):
                    call(path)
        for path in ("folder/secret", "folder/deep"):
            with pytest.raises(Invalid):
                local.delete(path)
        for path in ("file", "folder", ""):
            local.delete(path)
        assert (outside / "secret").read_text() == "secret"
        assert sorted(path.name for path in outside.iterdir()) == ["deep", "secret"]

    def test_links_inside_are_followed(self, local: Folder, tmp_path: Path) -> None:
        put(local, "a/real", b"mine")
        root = tmp_path / "files" / NAME[:2] / NAME
        (root / "link").symlink_to(root / "a")
        assert get(local, "link/real") == b"mine"
        assert local.list() == [Listed("a", True, 0), Listed("link", True, 0)]
        local.delete("link")
        assert get(local, "a/real") == b"mine"

    def test_the_base_may_be_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "real")
        folder = Blobs(str(tmp_path / "link")).folder(NAME)
        put(folder, "a/b", b"x")
        assert (get(folder, "a/b"), folder.list()) == (b"x", [Listed("a", True, 0)])

    def test_a_part_of_a_path_is_a_file(self, local: Folder) -> None:
        put(local, "a", b"file")
        for path in ("a/b", "a/b/c"):
            with pytest.raises(Invalid):
                put(local, path, b"x")
        assert get(local, "a") == b"file"

    def test_nothing_is_left_of_a_broken_write(self, local: Folder, tmp_path: Path) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"n" * (2 * PIECE)
            raise RuntimeError

        put(local, "a", b"file")
        with pytest.raises(RuntimeError):
            asyncio.run(local.write("b", broken()))
        with pytest.raises(Invalid):
            put(local, "a/b", b"x")
        assert files_below(tmp_path / "files") == [f"{NAME[:2]}/{NAME}/a"]

    def test_what_a_dead_writer_left_is_swept_away(self, local: Folder, tmp_path: Path) -> None:
        put(local, "a", b"x")
        incoming = tmp_path / "files" / ".incoming"
        for name, age in (("old", 2 * 86400), ("young", 60)):
            (incoming / name).write_bytes(b"part")
            os.utime(incoming / name, (time.time() - age,) * 2)
        Blobs(str(tmp_path / "files")).folder(NAME)
        assert [path.name for path in incoming.iterdir()] == ["young"]

    def test_only_plain_files_are_read(self, local: Folder, tmp_path: Path) -> None:
        put(local, "a", b"x")
        os.mkfifo(tmp_path / "files" / NAME[:2] / NAME / "pipe")
        with pytest.raises(NotFound):
            local.read("pipe")

    def test_a_disk_that_fails_is_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("not a folder")
        folder = Blobs(str(tmp_path / "file")).folder(NAME)
        with pytest.raises(Unavailable):
            put(folder, "a", b"x")

    def test_a_reader_keeps_what_it_opened(self, local: Folder) -> None:
        put(local, "f", b"a" * (2 * PIECE))
        pieces = local.read("f")
        first = next(pieces)
        put(local, "f", b"b")
        local.delete("f")
        assert set(first + b"".join(pieces)) == {ord("a")}

    def test_local_files_do_not_need_fsspec(self, tmp_path: Path) -> None:
        import subprocess
        import sys

        code = (
            f"import sys\nfrom lineal.store.blobs import Blobs\nfolder = Blobs({str(tmp_path)!r}).folder('ab12')\n"
            "assert folder.list() == []\nassert 'fsspec' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


class TestObjectStore:
    def test_an_interrupted_upload_is_given_up(self, bucket: str) -> None:
        import boto3

        async def broken() -> AsyncIterator[bytes]:
            for _ in range(60):
                yield b"n" * PIECE
            raise RuntimeError

        folder = Blobs(bucket).folder(NAME)
        with pytest.raises(RuntimeError):
            asyncio.run(folder.write("large", broken()))
        client, name = boto3.client("s3"), bucket.split("/")[2]
        assert "Contents" not in client.list_objects_v2(Bucket=name)
        assert "Uploads" not in client.list_multipart_uploads(Bucket=name)

    def test_a_large_file_arrives_whole(self, bucket: str) -> None:
        folder = Blobs(bucket).folder(NAME)
        piece = os.urandom(PIECE)
        assert put(folder, "large", *([piece] * 60)) == 60 * PIECE
        assert folder.size("large") == 60 * PIECE
        assert get(folder, "large", 59 * PIECE - 5, 59 * PIECE + 5) == piece[-5:] + piece[:5]

    def test_what_another_process_wrote_is_seen_at_once(self, bucket: str) -> None:
        import boto3

        folder = Blobs(bucket).folder(NAME)
        put(folder, "a", b"1")
        assert (len(folder.list()), folder.size("a")) == (1, 1)
        client, name = boto3.client("s3"), bucket.split("/")[2]
        for key, body in (("a", b"22"), ("b", b"3")):
            client.put_object(Bucket=name, Key=f"files/{NAME[:2]}/{NAME}/{key}", Body=body)
        assert folder.list() == [Listed("a", False, 2), Listed("b", False, 1)]
        assert folder.size("a") == 2

    def test_a_missing_bucket_is_unavailable(self, bucket: str) -> None:
        folder = Blobs("s3://no-such-bucket-here/files").folder(NAME)
        assert folder.list() == []
        with pytest.raises(Unavailable):
            put(folder, "a", b"x")

    def test_an_unknown_file_system_says_so(self) -> None:
        with pytest.raises(Invalid, match="nonsense"):
            Blobs("nonsense://x/y").folder(NAME)
