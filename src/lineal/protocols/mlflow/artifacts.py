"""Artifacts: listed and fetched by run or model, and the proxy that clients read and write them through.

A path under the proxy names the entity that the bytes belong to: `EXPERIMENT/RUN/artifacts/…` the run,
`EXPERIMENT/models/MODEL/artifacts/…` the logged model, any other `EXPERIMENT/…` the experiment. So who may read
and write them follows from who may read and write the entity.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from lineal.catalog.session import Session
from lineal.graph.errors import Invalid, NotFound
from lineal.graph.model import AnyRef, ById
from lineal.protocols.base import Call, Reply, download, json_reply
from lineal.protocols.mlflow import logged_models, runs, validate, wire
from lineal.protocols.mlflow.errors import NOT_IMPLEMENTED, Refused, invalid
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Parameters, query_of
from lineal.protocols.mlflow.translate import experiment_ref, model_ref, run_ref

if TYPE_CHECKING:
    from lineal.store.blobs import Folder, Listed

_LARGEST_UPLOAD = 10 * 1024 * 1024
_SERVED = ("mlflow-artifacts", "http", "https")
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")

_list = Parameters(wire.ListArtifacts)
_directory = Parameters(wire.ListDirectory)
_model_directory = Parameters(wire.ListModelArtifacts)


class Spot(NamedTuple):
    """Where a path of the proxy leads: an entity, and a path in its folder."""

    ref: AnyRef
    path: str


# By run and by model


def list_of_run(call: Call) -> Reply:
    """GET artifacts/list."""
    message = _list(call)
    path = validate.path(message.path or "")
    run = runs.find_run(call.session, message.run_id)
    root = runs.info(call.session, run).artifact_uri
    _require_served(root)
    entries = call.session.folder(ById(run.id)).list(path)
    return json_reply(wire.Files(root, [_file(each) for each in entries]))


def list_of_model(call: Call) -> Reply:
    """GET logged-models/{model_id}/artifacts/directories."""
    path = validate.path(_model_directory(call).artifact_directory_path or "")
    model = logged_models.find_model(call.session, call.path_params["model_id"], ("properties", "external"))
    root = logged_models.messages(call.session, [model])[0].info.artifact_uri
    _require_served(root)
    entries = call.session.folder(model_ref(call.path_params["model_id"])).list(path)
    return json_reply(wire.Files(root, [_file(each) for each in entries]))


def get_of_run(call: Call) -> Reply:
    """GET /get-artifact."""
    given = query_of(call)
    path = validate.path(given.get("path", [""])[0])
    number = (given.get("run_id") or given.get("run_uuid") or [""])[0]
    run = runs.find_run(call.session, number)
    _require_served(runs.info(call.session, run).artifact_uri)
    return _send(call, call.session.folder(ById(run.id)), path)


def get_of_model(call: Call) -> Reply:
    """GET logged-models/{model_id}/artifacts/files."""
    path = query_of(call).get("artifact_file_path", [""])[0]
    if not path:
        raise Refused("BAD_REQUEST", 'Request must include the "artifact_file_path" query parameter.')
    path = validate.path(path)
    model = logged_models.find_model(call.session, call.path_params["model_id"], ("properties", "external"))
    _require_served(logged_models.messages(call.session, [model])[0].info.artifact_uri)
    return _send(call, call.session.folder(model_ref(call.path_params["model_id"])), path)


async def upload_to_run(call: Call) -> Reply:
    """POST upload-artifact: one small file, from a browser."""
    given = query_of(call)
    number = (given.get("run_id") or given.get("run_uuid") or [""])[0]
    path = given.get("path", [""])[0]
    if not number:
        raise invalid("Request must specify run_uuid.")
    if not path:
        raise invalid("Request must specify path.")
    path = validate.path(path)
    if not call.body:
        raise invalid("Request must specify data.")
    if len(call.body) > _LARGEST_UPLOAD:
        raise invalid("Artifact size is too large. Max size is 10MB.")
    await asyncio.to_thread(runs.find_run, call.session, number, ())
    folder = await asyncio.to_thread(_open, call.session, run_ref(number), True)
    await folder.write(path, _once(call.body))
    return Reply(200)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


# The proxy


def list_files(call: Call) -> Reply:
    """GET mlflow-artifacts/artifacts; names are relative to the folder."""
    path = validate.path(_directory(call).path or "")
    spot = locate(path)
    try:
        entries = call.session.folder(spot.ref).list(spot.path)
    except NotFound:
        entries = []
    return json_reply(wire.Files("", [_file(each, posixpath.basename(each.path)) for each in entries]))


def get_file(call: Call) -> Reply:
    """GET mlflow-artifacts/artifacts/{artifact_path}."""
    spot = _spot(call)
    return _send(call, call.session.folder(spot.ref), spot.path)


async def put_file(call: Call) -> Reply:
    """PUT mlflow-artifacts/artifacts/{artifact_path}: the body as it arrives, whole or not at all."""
    spot = _spot(call)
    folder = await asyncio.to_thread(_open, call.session, spot.ref, True)
    assert call.stream is not None
    await folder.write(spot.path, call.stream)
    return DONE


def delete_file(call: Call) -> Reply:
    """DELETE mlflow-artifacts/artifacts/{artifact_path}, a file or a folder."""
    spot = _spot(call)
    _open(call.session, spot.ref, True).delete(spot.path)
    return DONE


def no_multipart(call: Call) -> Reply:
    """POST mlflow-artifacts/mpu/…: clients then send a file in one piece."""
    validate.path(call.path_params["artifact_path"])
    raise Refused(NOT_IMPLEMENTED, "Multipart upload is not supported for the current artifact repository")


def locate(path: str) -> Spot:
    """The entity whose bytes a path of the proxy means, and the path among them."""
    parts = path.split("/") if path else []
    for number, part in enumerate(parts[:-1]):
        if parts[number + 1] == "artifacts" and number:
            inner = "/".join(parts[number + 2 :])
            if _MODEL_ID.fullmatch(part) and parts[number - 1] == "models":
                return Spot(model_ref(part), inner)
            if _RUN_ID.fullmatch(part):
                return Spot(run_ref(part), inner)
    if parts and parts[0].isdigit():
        return Spot(experiment_ref(parts[0]), "/".join(parts[1:]))
    return Spot(experiment_ref("0"), path)


def _spot(call: Call) -> Spot:
    spot = locate(validate.path(call.path_params["artifact_path"]))
    if not spot.path:
        raise invalid("Artifact path refers to a directory, not a file")
    return spot


def _open(session: Session, ref: AnyRef, write: bool) -> Folder:
    return session.folder(ref, write=write)


def _require_served(root: str) -> None:
    """Artifacts that clients put elsewhere by themselves cannot be looked into from here."""
    if urlsplit(root).scheme not in _SERVED:
        raise Refused(NOT_IMPLEMENTED, f"The artifacts are at {root}, which this server does not serve.")


def _send(call: Call, folder: Folder, path: str) -> Reply:
    """A file as a download, which no browser opens as a page of Lineal's."""
    try:
        reply = download(folder, path, call.headers.get("range"))
    except NotFound:
        raise NotFound(f"No such artifact: '{path}'") from None
    except Invalid:
        raise invalid(f"Artifact path refers to a directory, not a file: '{path}'") from None
    name = posixpath.basename(path)
    headers = [
        *reply.headers,
        ("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name, safe='')}"),
    ]
    return reply._replace(headers=headers)


def _file(entry: Listed, name: str | None = None) -> wire.FileInfo:
    return wire.FileInfo(name or entry.path, entry.is_folder, None if entry.is_folder else entry.size)
