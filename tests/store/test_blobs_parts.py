"""Files that arrive in parts, and links to them: on a disk and in a real S3 server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from lineal.graph.errors import Denied, Invalid, NotFound
from lineal.store.blobs import Blobs, Folder, Upload
from lineal.store.blobs.local import Disk

NAME, OTHER = "0123456789abcdef0123456789abcdef", "f" * 32
MIB = 1024 * 1024


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def send(blobs: Blobs, url: str, data: bytes) -> str:
    """Put a part where its link leads; answers its tag."""
    if url.startswith("http"):
        return str(httpx.put(url, content=data).raise_for_status().headers["ETag"])
    address, _, ticket = url.partition("?")
    upload, number = address.split("/")
    return asyncio.run(blobs.part(upload, number, ticket).write(stream(data[:7], data[7:])))


def send_all(blobs: Blobs, upload: Upload, data: list[bytes]) -> list[tuple[int, str]]:
    return [(link.number, send(blobs, link.url, each)) for link, each in zip(upload.links, data, strict=True)]


def start(folder: Folder, path: str, parts: int) -> Upload:
    upload = folder.start(path, parts)
    assert upload is not None
    assert [link.number for link in upload.links] == list(range(1, parts + 1))
    return upload


def get(folder: Folder, path: str) -> bytes:
    return b"".join(folder.read(path))


@pytest.fixture(params=["local", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "s3":
        return Blobs(request.getfixturevalue("bucket"), direct=True)
    return Blobs(str(tmp_path / "files"))


@pytest.fixture
def folder(blobs: Blobs) -> Folder:
    return blobs.folder(NAME)


@pytest.fixture
def disk(tmp_path: Path) -> Blobs:
    return Blobs(str(tmp_path / "files"))


def incoming(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "files/.incoming").iterdir())


class TestEverywhere:
    def test_parts_become_a_file_when_it_is_finished(self, blobs: Blobs, folder: Folder) -> None:
        data = [os.urandom(5 * MIB), os.urandom(5 * MIB), b"the end"]
        upload = start(folder, "deep/größe ?#.bin", 3)
        tags = send_all(blobs, upload, data)
        with pytest.raises(NotFound):
            folder.size("deep/größe ?#.bin")
        folder.finish("deep/größe ?#.bin", upload.id, tags)
        assert get(folder, "deep/größe ?#.bin") == b"".join(data)
        with pytest.raises(NotFound):
            folder.finish("deep/größe ?#.bin", upload.id, tags)

    def test_parts_arrive_in_any_order_and_again(self, blobs: Blobs, folder: Folder) -> None:
        upload = start(folder, "f", 2)
        second = send(blobs, upload.links[1].url, b"two")
        first = send(blobs, upload.links[0].url, b"x" * (5 * MIB))
        first = send(blobs, upload.links[0].url, b"y" * (5 * MIB))
        folder.finish("f", upload.id, [(1, first), (2, second)])
        assert get(folder, "f") == b"y" * (5 * MIB) + b"two"

    def test_an_empty_file_has_one_empty_part(self, blobs: Blobs, folder: Folder) -> None:
        upload = start(folder, "empty", 1)
        folder.finish("empty", upload.id, send_all(blobs, upload, [b""]))
        assert (folder.size("empty"), get(folder, "empty")) == (0, b"")

    def test_it_replaces_what_was_there(self, blobs: Blobs, folder: Folder) -> None:
        asyncio.run(folder.write("f", stream(b"old")))
        upload = start(folder, "f", 1)
        tags = send_all(blobs, upload, [b"new"])
        assert get(folder, "f") == b"old"
        folder.finish("f", upload.id, tags)
        assert get(folder, "f") == b"new"

    def test_another_part_than_the_one_named_is_refused(self, blobs: Blobs, folder: Folder) -> None:
        upload = start(folder, "f", 1)
        tags = send_all(blobs, upload, [b"one"])
        for wrong in ([(1, f'"{"0" * 32}"')], [(2, tags[0][1])], []):
            with pytest.raises(Invalid):
                folder.finish("f", upload.id, wrong)
        with pytest.raises(NotFound):
            folder.size("f")
        folder.finish("f", upload.id, tags)
        assert get(folder, "f") == b"one"

    def test_what_is_abandoned_is_gone(self, blobs: Blobs, folder: Folder) -> None:
        upload = start(folder, "f", 1)
        tags = send_all(blobs, upload, [b"one"])
        folder.abandon("f", upload.id)
        folder.abandon("f", upload.id)
        with pytest.raises(NotFound):
            folder.finish("f", upload.id, tags)
        with pytest.raises((Denied, NotFound, httpx.HTTPStatusError)):
            send(blobs, upload.links[0].url, b"one")
        assert folder.list() == []

    def test_an_upload_is_of_one_file(self, blobs: Blobs, folder: Folder) -> None:
        upload = start(folder, "f", 1)
        tags = send_all(blobs, upload, [b"mine"])
        if blobs.url.startswith("s3"):
            pytest.skip("S3 itself ties an upload to a key, which moto does not")
        for other, path in ((blobs.folder(OTHER), "f"), (folder, "g")):
            other.abandon(path, upload.id)
            with pytest.raises(NotFound):
                other.finish(path, upload.id, tags)
        folder.finish("f", upload.id, tags)
        assert get(folder, "f") == b"mine"

    @pytest.mark.parametrize("upload", ["", "..", "../x", "a" * 32, "A" * 32, "x\x00", "é"])
    def test_an_upload_that_never_was(self, folder: Folder, upload: str) -> None:
        with pytest.raises((NotFound, Invalid)):
            folder.finish("f", upload, [(1, "x")])
        assert folder.list() == []

    @pytest.mark.parametrize("parts", [0, -1, 10_001, 10**9])
    def test_too_few_or_too_many_parts(self, folder: Folder, parts: int) -> None:
        with pytest.raises(Invalid):
            folder.start("f", parts)

    def test_as_many_parts_as_there_may_be(self, folder: Folder, blobs: Blobs) -> None:
        count = 10_000 if not blobs.url.startswith("s3") else 100
        assert len({link.url for link in start(folder, "f", count).links}) == count

    @pytest.mark.parametrize("path", ["../f", "/f", "", "a\\b", "%2e%2e/f"])
    def test_no_path_leads_out(self, folder: Folder, path: str) -> None:
        for call in (
            lambda: folder.start(path, 1),
            lambda: folder.finish(path, "a" * 32, []),
            lambda: folder.abandon(path, "a" * 32),
            lambda: folder.write_url(path, 60),
        ):
            with pytest.raises(Invalid):
                call()


class TestDisk:
    def test_the_tag_is_that_of_the_bytes(self, disk: Blobs) -> None:
        upload = start(disk.folder(NAME), "f", 1)
        assert send(disk, upload.links[0].url, b"hello there") == hashlib.md5(b"hello there").hexdigest()

    def test_a_link_that_was_changed_is_worth_nothing(self, disk: Blobs) -> None:
        upload, other = (start(disk.folder(NAME), path, 2) for path in ("f", "g"))
        address, _, ticket = upload.links[0].url.partition("?")
        until, signature = ticket.split("&")
        foreign = other.links[0].url.partition("?")[2]
        forged = [
            (upload.id, "2", ticket),
            (upload.id, "01", ticket),
            (upload.id, "../1", ticket),
            (other.id, "1", ticket),
            (upload.id, "1", foreign),
            (upload.id, "1", ""),
            (upload.id, "1", until),
            (upload.id, "1", f"{until}0&{signature}"),
            (upload.id, "1", f"{until}&{signature[:-1]}"),
            (upload.id, "1", f"{until}&signature=" + "0" * 64),
            (upload.id, "1", f"{until}&signature=é"),
            (f"../.incoming/{upload.id}", "1", ticket),
            ("0" * 32, "1", ticket),
        ]
        for each in forged:
            with pytest.raises(Denied, match="no longer valid"):
                disk.part(*each)
        assert disk.part(*address.split("/"), ticket).stored() is None

    def test_a_link_expires(self, disk: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
        url = start(disk.folder(NAME), "f", 1).links[0].url
        now = time.time()
        monkeypatch.setattr("time.time", lambda: now + 24 * 3600 - 60)
        send(disk, url, b"late")
        monkeypatch.setattr("time.time", lambda: now + 24 * 3600 + 60)
        with pytest.raises(Denied):
            send(disk, url, b"too late")

    def test_it_goes_on_after_the_server_started_again(self, disk: Blobs, tmp_path: Path) -> None:
        upload = start(disk.folder(NAME), "f", 3)
        send(disk, upload.links[0].url, b"one")
        again = Blobs(str(tmp_path / "files"))
        address, _, ticket = upload.links[0].url.partition("?")
        assert again.part(*address.split("/"), ticket).stored() == (hashlib.md5(b"one").hexdigest(), 3)
        with pytest.raises(Invalid, match="2, 3"):
            again.folder(NAME).finish("f", upload.id, [(1, hashlib.md5(b"one").hexdigest())])
        tags = [(1, hashlib.md5(b"one").hexdigest())]
        tags += [(link.number, send(again, link.url, b"more")) for link in upload.links[1:]]
        again.folder(NAME).finish("f", upload.id, tags)
        assert get(again.folder(NAME), "f") == b"onemoremore"

    def test_nothing_is_left_of_what_is_over(self, disk: Blobs, tmp_path: Path) -> None:
        for finish in (True, False):
            upload = start(disk.folder(NAME), "f", 1)
            tags = send_all(disk, upload, [b"one"])
            if finish:
                disk.folder(NAME).finish("f", upload.id, tags)
            else:
                disk.folder(NAME).abandon("f", upload.id)
            assert incoming(tmp_path) == []

    def test_a_part_that_breaks_off_is_no_part(self, disk: Blobs, tmp_path: Path) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"n" * (2 * MIB)
            raise ConnectionResetError

        upload = start(disk.folder(NAME), "f", 1)
        address, _, ticket = upload.links[0].url.partition("?")
        part = disk.part(*address.split("/"), ticket)
        with pytest.raises(ConnectionResetError):
            asyncio.run(part.write(broken()))
        assert part.stored() is None
        assert [path.name for path in (tmp_path / "files/.incoming" / upload.id).iterdir()] == ["about.json"]

    def test_an_upload_that_ends_while_a_part_arrives(self, disk: Blobs, tmp_path: Path) -> None:
        folder = disk.folder(NAME)
        upload = start(folder, "f", 1)

        async def ending() -> AsyncIterator[bytes]:
            yield b"n" * (2 * MIB)
            folder.abandon("f", upload.id)
            yield b"more"

        address, _, ticket = upload.links[0].url.partition("?")
        with pytest.raises(NotFound):
            asyncio.run(disk.part(*address.split("/"), ticket).write(ending()))
        assert incoming(tmp_path) == []

    def test_a_finish_that_cannot_be_leaves_the_parts(self, disk: Blobs, tmp_path: Path) -> None:
        folder = disk.folder(NAME)
        upload = start(folder, "a/f", 1)
        tags = send_all(disk, upload, [b"one"])
        asyncio.run(folder.write("a", stream(b"a file")))
        with pytest.raises(Invalid):
            folder.finish("a/f", upload.id, tags)
        assert incoming(tmp_path) == [upload.id]
        folder.delete("a")
        folder.finish("a/f", upload.id, tags)
        assert get(folder, "a/f") == b"one"

    def test_a_folder_is_not_replaced(self, disk: Blobs) -> None:
        folder = disk.folder(NAME)
        asyncio.run(folder.write("a/b", stream(b"x")))
        with pytest.raises(Invalid):
            folder.start("a", 1)

    def test_abandoned_uploads_are_swept_away_after_a_day(self, tmp_path: Path) -> None:
        blobs = Blobs(str(tmp_path / "files"))
        old, young = (start(blobs.folder(NAME), path, 1) for path in ("old", "young"))
        send_all(blobs, old, [b"bytes"])
        place = tmp_path / "files/.incoming" / old.id
        os.utime(place, (time.time() - 2 * 86400,) * 2)
        Disk(tmp_path / "files")
        assert incoming(tmp_path) == [young.id]

    def test_they_are_swept_while_the_server_runs(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        blobs = Blobs(str(tmp_path / "files"))
        old = start(blobs.folder(NAME), "old", 1)
        os.utime(tmp_path / "files/.incoming" / old.id, (time.time() - 2 * 86400,) * 2)
        soon = start(blobs.folder(NAME), "soon", 1)
        assert incoming(tmp_path) == sorted([old.id, soon.id])
        now = time.monotonic()
        monkeypatch.setattr("time.monotonic", lambda: now + 3601)
        later = start(blobs.folder(NAME), "later", 1)
        assert incoming(tmp_path) == sorted([soon.id, later.id])

    def test_nobody_else_on_the_machine_reads_the_secret(self, disk: Blobs, tmp_path: Path) -> None:
        upload = start(disk.folder(NAME), "f", 1)
        about = tmp_path / "files/.incoming" / upload.id / "about.json"
        assert about.stat().st_mode & 0o077 == 0

    def test_there_are_no_links_to_a_disk(self, disk: Blobs) -> None:
        folder = disk.folder(NAME)
        asyncio.run(folder.write("f", stream(b"x")))
        assert (folder.read_url("f", 60), folder.write_url("f", 60)) == (None, None)
        assert disk.means == (True, False, False)
        with pytest.raises(NotFound):
            folder.read_url("nothing", 60)


class TestObjectStore:
    def test_a_link_reads_a_file(self, bucket: str) -> None:
        folder = Blobs(bucket, direct=True).folder(NAME)
        asyncio.run(folder.write("a/größe ?.txt", stream(b"0123456789")))
        url = folder.read_url("a/größe ?.txt", 60)
        assert url is not None
        assert httpx.get(url).content == b"0123456789"
        ranged = httpx.get(url, headers={"Range": "bytes=2-4"})
        assert (ranged.status_code, ranged.content) == (206, b"234")
        with pytest.raises(NotFound):
            folder.read_url("nothing", 60)
        with pytest.raises(Invalid):
            folder.read_url("a", 60)

    def test_a_link_writes_a_file(self, bucket: str) -> None:
        folder = Blobs(bucket, direct=True).folder(NAME)
        url = folder.write_url("new/f", 60)
        assert url is not None
        send(Blobs(bucket), url, b"written")
        assert get(folder, "new/f") == b"written"

    def test_clients_get_no_links_unless_the_server_was_told_so(self, bucket: str) -> None:
        blobs = Blobs(bucket)
        folder = blobs.folder(NAME)
        asyncio.run(folder.write("f", stream(b"x")))
        assert blobs.means == (False, False, False)
        assert folder.start("f", 1) is None
        assert (folder.read_url("f", 60), folder.write_url("f", 60)) == (None, None)
        folder.abandon("f", "a")
        with pytest.raises(NotFound):
            folder.finish("f", "a", [])
        with pytest.raises(Denied):
            blobs.part("a" * 32, "1", "")

    def test_other_file_systems_take_files_in_one_piece(self, tmp_path: Path) -> None:
        blobs = Blobs(f"memory://{tmp_path}", direct=True)
        folder = blobs.folder(NAME)
        asyncio.run(folder.write("f", stream(b"x")))
        assert blobs.means == (False, False, False)
        assert folder.start("f", 1) is None
        assert folder.read_url("f", 60) is None

    def test_uploads_that_nobody_finished_are_given_up(
        self, bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import boto3

        client, name = boto3.client("s3"), bucket.split("/")[2]
        first = start(Blobs(bucket, direct=True).folder(NAME), "old", 1)
        outside = client.create_multipart_upload(Bucket=name, Key="elsewhere")["UploadId"]
        initiated = client.list_multipart_uploads(Bucket=name)["Uploads"][0]["Initiated"].timestamp()
        monkeypatch.setattr("time.time", lambda: initiated + 6 * 86400)
        start(Blobs(bucket, direct=True).folder(NAME), "young", 1)
        assert len(client.list_multipart_uploads(Bucket=name)["Uploads"]) == 3
        monkeypatch.setattr("time.time", lambda: initiated + 8 * 86400)
        Blobs(bucket, direct=True)._place.sweep()
        left = {each["UploadId"] for each in client.list_multipart_uploads(Bucket=name)["Uploads"]}
        assert first.id not in left
        assert outside in left
