"""What a server is started with."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import msgspec

MIB = 1 << 20


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How to serve one store.

    Attributes:
        data: folder of the embedded database and of files; made when it is missing.
        store: URL of the database, `sqlite:///path` or `postgresql://…`; by default one in the data folder.
        blobs: URL of the folder for files, on any file system that fsspec knows; by default one there, too.
        host, port: where HTTP is served; port 0 takes a free one.
        grpc_port: where gRPC is served; None for nowhere, port 0 takes a free one.
        grpc_certificate, grpc_key: files of a certificate and its key; gRPC is then served over TLS.
        grpc_client_authority: file of the authority whose certificates clients must show; the name in one signs in.
        accounts: with `auto` nobody signs in on loopback while no account exists, with `required` all do.
        direct_files: give clients links to files in an object store, which they then must reach themselves.
        public_url: how browsers reach the server when a proxy stands before it; empty when none does.
        allow_private_webhooks: deliver webhooks to loopback and private addresses, too.
        doors: names of the protocols to serve; empty for all.
        max_body: bytes of a request body that is read at once, after decompression.
        readers: threads for reads that may take long.
        stop_after: seconds that running requests get to end when the server stops.
    """

    data: str = ".lineal"
    store: str = ""
    blobs: str = ""
    host: str = "127.0.0.1"
    port: int = 5000
    grpc_port: int | None = None
    grpc_certificate: str = ""
    grpc_key: str = ""
    grpc_client_authority: str = ""
    accounts: Literal["auto", "required"] = "auto"
    direct_files: bool = False
    public_url: str = ""
    allow_private_webhooks: bool = False
    doors: tuple[str, ...] = ()
    max_body: int = 32 * MIB
    readers: int = 4
    stop_after: int = 10
    log_format: Literal["human", "json"] = "human"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def store_url(self) -> str:
        """The URL of the database."""
        return self.store or "sqlite:///" + quote(str(Path(self.data, "lineal.db")))

    @property
    def blobs_url(self) -> str:
        """The URL or path of the folder for files."""
        return self.blobs or str(Path(self.data, "files"))

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host's name or address always means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
