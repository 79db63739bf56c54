"""Folders on a file system of fsspec; in S3 and what speaks like it, also files in parts and links to them."""

from __future__ import annotations

import contextlib
import errno
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from lineal.graph.errors import Invalid, NotFound
from lineal.store.blobs.base import (
    LINK_SECONDS,
    TEMPORARY,
    Link,
    Listed,
    Means,
    Part,
    Upload,
    check_arrived,
    check_parts,
    failures,
    file_path,
    gone,
    in_thread,
    pieces_of,
    receive,
    safe_path,
)

_ATOMIC = {"s3", "s3a", "gs", "gcs"}
"""Object stores where a file appears when it is closed, and not at all before."""
_S3 = {"s3", "s3a"}
_SIGNING = {*_S3, "gs", "gcs", "az", "abfs", "abfss"}
_UPLOAD = re.compile(r"[\x21-\x7e]{1,2000}")
_FORGOTTEN = 7 * 24 * 3600.0
_SWEEP_AFTER = 3600.0


class Remote:
    """All folders below a URL.

    Args:
        url: of any file system that fsspec knows.
        direct: whether clients reach it, too, so that they may be given links to it.
    """

    def __init__(self, url: str, direct: bool) -> None:
        self.url = url
        self.direct = direct
        self._scheme = url.partition("://")[0]
        self._opened: tuple[Any, str] | None = None
        self._swept = -_SWEEP_AFTER

    @property
    def means(self) -> Means:
        """How files may travel."""
        in_s3 = self.direct and self._scheme in _S3
        return Means(in_s3, in_s3, self.direct and self._scheme in _SIGNING)

    def folder(self, place: str) -> RemoteFolder:
        """The folder at a place below the URL."""
        system, root = self.open()
        return RemoteFolder(self, system, root, place)

    def open(self) -> tuple[Any, str]:
        """The file system and the URL's path on it. Fsspec is imported only now, since it takes a while."""
        if self._opened is None:
            from fsspec.core import url_to_fs

            try:
                # What another process writes must be seen at once.
                system, root = url_to_fs(self.url, use_listings_cache=False, **self._options())
            except (ImportError, ValueError) as error:
                raise Invalid(f"{self.url} needs an extra, such as lineal[s3]: {error}") from None
            self._opened = (system, root.rstrip("/"))
        return self._opened

    def _options(self) -> dict[str, Any]:
        """For S3: sign links the way that every region and every store like it takes, unless told otherwise."""
        from fsspec.config import conf

        if self._scheme not in _S3:
            return {}
        given = conf.get("s3", {}).get("config_kwargs", {})
        return {"config_kwargs": {"signature_version": "s3v4", **given}}

    def sweep(self) -> None:
        """Give up uploads to S3 that were announced a week ago and not finished; at most once an hour."""
        if time.monotonic() - self._swept < _SWEEP_AFTER:
            return
        self._swept = time.monotonic()
        system, root = self.open()
        bucket, prefix, _ = system.split_path(f"{root}/")
        # Not every key to a bucket may look for them; a rule of the bucket does the same.
        with contextlib.suppress(OSError):
            found = system.call_s3("list_multipart_uploads", Bucket=bucket, Prefix=prefix).get("Uploads", [])
            for each in found:
                if each["Initiated"].timestamp() < time.time() - _FORGOTTEN:
                    system.abort_mpu(bucket, each["Key"], each["UploadId"])


class RemoteFolder:
    """A folder on a file system of fsspec."""

    def __init__(self, remote: Remote, system: Any, root: str, place: str) -> None:
        self._remote = remote
        self._system = system
        self._root = f"{root}/{place}"
        self._temporary = f"{root}/{TEMPORARY}"
        names = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
        self._atomic = not _ATOMIC.isdisjoint(names)

    def entries(self, path: str = "", after: str = "") -> Iterator[Listed]:
        full = self._full(path)
        with failures():
            try:
                found = self._system.ls(full, detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return iter(())
        listed = (_listed(self._root, entry) for entry in found)
        wanted = (entry for entry in listed if f"{self._root}/{entry.path}".rstrip("/") != full)
        return iter(sorted(entry for entry in wanted if entry.path > after))

    def list(self, path: str = "") -> list[Listed]:
        return list(self.entries(path))

    def size(self, path: str) -> int:
        full = self._full(path)
        with failures(), gone(path):
            found = self._system.info(full)
        if found["type"] == "directory":
            raise Invalid(f"{path!r} is a folder")
        return int(found["size"])

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        size = self.size(path)
        with failures(), gone(path):
            file = self._system.open(self._full(path), "rb")
        return pieces_of(file, start, size if end is None else min(end, size))

    async def write(self, path: str, stream: AsyncIterator[bytes]) -> int:
        full = self._full(file_path(path))
        if await in_thread(self._system.isdir, full):
            raise Invalid(f"{path!r} is a folder")
        return await (self._put(full, stream) if self._atomic else self._put_and_move(full, stream))

    async def _put(self, full: str, stream: AsyncIterator[bytes]) -> int:
        file = await in_thread(self._system.open, full, "wb")
        try:
            return await receive(file, stream, _close)
        except BaseException:
            await in_thread(file.discard)
            # Closing it would store what came so far.
            file.closed = True
            raise

    async def _put_and_move(self, full: str, stream: AsyncIterator[bytes]) -> int:
        incoming = f"{self._temporary}/{uuid.uuid4().hex}"
        await in_thread(self._open_folder, self._temporary)
        file = await in_thread(self._system.open, incoming, "wb")
        try:
            size = await receive(file, stream, _close)
            await in_thread(self._open_folder, full.rpartition("/")[0])
            await in_thread(self._system.mv, incoming, full)
        except BaseException:
            await in_thread(self._discard, file, incoming)
            raise
        return size

    def _open_folder(self, full: str) -> None:
        self._system.makedirs(full, exist_ok=True)

    def _discard(self, file: Any, incoming: str) -> None:
        file.close()
        with contextlib.suppress(FileNotFoundError):
            self._system.rm(incoming)

    def delete(self, path: str) -> None:
        with failures(), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self._system.rm(self._full(path), recursive=True)

    def start(self, path: str, parts: int) -> Upload | None:
        check_parts(parts)
        full = self._full(file_path(path))
        if not self._remote.means.parts:
            return None
        with failures():
            self._remote.sweep()
            name = str(self._s3("create_multipart_upload", full)["UploadId"])
            return Upload(name, [self._link(full, name, number) for number in range(1, parts + 1)])

    def _link(self, full: str, upload: str, number: int) -> Link:
        more = {"client_method": "upload_part", "UploadId": upload, "PartNumber": number}
        return Link(number, str(self._system.url(full, expires=LINK_SECONDS, **more)))

    def finish(self, path: str, upload: str, parts: Sequence[Part]) -> None:
        full = self._full(file_path(path))
        if not self._remote.means.parts or not _UPLOAD.fullmatch(upload):
            raise _no_upload(upload)
        with failures():
            try:
                check_arrived(self._arrived(full, upload), parts)
                self._complete(full, upload, parts)
            except FileNotFoundError:
                raise _no_upload(upload) from None

    def _arrived(self, full: str, upload: str) -> dict[int, str]:
        """Tags of the parts that are there, by number; FileNotFoundError when there is no such upload."""
        found: dict[int, str] = {}
        more: dict[str, Any] = {}
        while True:
            page = self._s3("list_parts", full, UploadId=upload, **more)
            found |= {part["PartNumber"]: part["ETag"] for part in page.get("Parts", ())}
            if not page.get("IsTruncated"):
                return found
            more = {"PartNumberMarker": page["NextPartNumberMarker"]}

    def _complete(self, full: str, upload: str, parts: Sequence[Part]) -> None:
        named = [{"PartNumber": number, "ETag": tag} for number, tag in parts]
        try:
            self._s3("complete_multipart_upload", full, UploadId=upload, MultipartUpload={"Parts": named})
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            raise Invalid(f"the object store refuses the parts: {error}") from None

    def abandon(self, path: str, upload: str) -> None:
        full = self._full(file_path(path))
        if self._remote.means.parts and _UPLOAD.fullmatch(upload):
            with failures(), contextlib.suppress(FileNotFoundError):
                self._s3("abort_multipart_upload", full, UploadId=upload)

    def _s3(self, operation: str, full: str, **more: Any) -> dict[str, Any]:
        bucket, key, _ = self._system.split_path(full)
        answer: dict[str, Any] = self._system.call_s3(operation, Bucket=bucket, Key=key, **more)
        return answer

    def read_url(self, path: str, seconds: int) -> str | None:
        self.size(path)
        if not self._remote.means.direct_download:
            return None
        with failures():
            return str(self._system.sign(self._full(path), expiration=seconds))

    def write_url(self, path: str, seconds: int) -> str | None:
        full = self._full(file_path(path))
        if not self._remote.means.direct_upload:
            return None
        with failures():
            return str(self._system.url(full, expires=seconds, client_method="put_object"))

    def _full(self, path: str) -> str:
        return f"{self._root}/{checked}" if (checked := safe_path(path)) else self._root


def _listed(root: str, entry: dict[str, Any]) -> Listed:
    path = str(entry["name"]).rstrip("/").removeprefix(root).lstrip("/")
    folder = entry["type"] == "directory"
    return Listed(path, folder, 0 if folder else int(entry["size"]))


def _close(file: Any) -> None:
    file.close()


def _no_upload(upload: str) -> NotFound:
    return NotFound(f"no upload {upload[:100]!r} of this file is under way")
