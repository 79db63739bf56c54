"""Artifacts, listed: all at once as MLflow's clients want them, or in pages for who asks for pages."""

from __future__ import annotations

import posixpath
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

import msgspec

from lineal.graph.errors import NotFound
from lineal.protocols.base import Call, Reply, in_pieces, json_reply
from lineal.protocols.mlflow import validate, wire
from lineal.protocols.mlflow.artifacts.places import locate, root_of_model, root_of_run
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.requests import Parameters

if TYPE_CHECKING:
    from lineal.store.blobs import Folder, Listed

_SOME, _WHOLE = 2000, 5000
_PAGE = 1000

_of_run = Parameters(wire.ListArtifacts)
_of_model = Parameters(wire.ListModelArtifacts)
_directory = Parameters(wire.ListDirectory)


def list_of_run(call: Call) -> Reply:
    """GET artifacts/list."""
    asked = _of_run(call)
    path = validate.path(asked.path or "")
    root = root_of_run(call.session, asked.run_id)
    return _listed(root.folder, path, root.url, asked)


def list_of_model(call: Call) -> Reply:
    """GET logged-models/{model_id}/artifacts/directories."""
    asked = _of_model(call)
    path = validate.path(asked.artifact_directory_path or "")
    root = root_of_model(call.session, call.path_params["model_id"])
    return _listed(root.folder, path, root.url, asked)


def list_files(call: Call) -> Reply:
    """GET mlflow-artifacts/artifacts; names are relative to the folder."""
    asked = _directory(call)
    spot = locate(validate.path(asked.path or ""))
    try:
        folder = call.session.folder(spot.ref)
    except NotFound:
        return json_reply(wire.Files())
    return _listed(folder, spot.path, "", asked, only_names=True)


def _listed(folder: Folder, path: str, root: str, asked: wire.Paged, only_names: bool = False) -> Reply:
    after = _after(asked.page_token)
    shown = (_file(each, only_names) for each in folder.entries(path, after))
    if asked.max_results is not None or asked.page_token:
        size = _PAGE if asked.max_results is None else validate.page(asked.max_results)
        return _page(root, path, shown, size)
    first = list(islice(shown, _WHOLE))
    if len(first) < _WHOLE:
        return json_reply(wire.Files(root, first))
    return Reply(stream=_streamed(root, chain(first, shown)))


def _page(root: str, path: str, shown: Iterator[wire.FileInfo], size: int) -> Reply:
    found = list(islice(shown, size + 1))
    token = ""
    if len(found) > size:
        last = posixpath.join(path, posixpath.basename(found[size - 1].path))
        token = urlsafe_b64encode(last.encode()).decode()
    return json_reply(wire.Files(root, found[:size], token))


def _after(token: str) -> str:
    try:
        return b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise invalid("Invalid page token") from None


def _streamed(root: str, files: Iterator[wire.FileInfo]) -> AsyncIterator[bytes]:
    """The same message as `wire.Files`, of which no more than some entries are held at a time."""
    return in_pieces(_encoded(root, files))


def _encoded(root: str, files: Iterator[wire.FileInfo]) -> Iterator[bytes]:
    yield b'{"root_uri":' + msgspec.json.encode(root) + b',"files":[' if root else b'{"files":['
    between = b""
    while some := list(islice(files, _SOME)):
        yield between + msgspec.json.encode(some)[1:-1]
        between = b","
    yield b"]}"


def _file(entry: Listed, only_name: bool) -> wire.FileInfo:
    path = posixpath.basename(entry.path) if only_name else entry.path
    return wire.FileInfo(path, entry.is_folder, None if entry.is_folder else entry.size)
