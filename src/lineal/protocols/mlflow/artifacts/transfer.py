"""Artifacts in one piece: fetched, put and taken away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from lineal.protocols.base import Call, Reply
from lineal.protocols.mlflow import validate
from lineal.protocols.mlflow.artifacts.places import (
    file_spot,
    locate,
    root_of_model,
    root_of_run,
    send,
    written,
)
from lineal.protocols.mlflow.artifacts.presigned import download_link
from lineal.protocols.mlflow.errors import Refused, invalid
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import query_of

_LARGEST_UPLOAD = 10 * 1024 * 1024


def get_of_run(call: Call) -> Reply:
    """GET /get-artifact."""
    given = query_of(call)
    path = validate.path(given.get("path", [""])[0])
    number = (given.get("run_id") or given.get("run_uuid") or [""])[0]
    return send(call, root_of_run(call.session, number).folder, path)


def get_of_model(call: Call) -> Reply:
    """GET logged-models/{model_id}/artifacts/files; a link to the file when `presigned=true`."""
    given = query_of(call)
    path = given.get("artifact_file_path", [""])[0]
    if not path:
        raise Refused("BAD_REQUEST", 'Request must include the "artifact_file_path" query parameter.')
    path = validate.path(path)
    folder = root_of_model(call.session, call.path_params["model_id"]).folder
    if given.get("presigned") == ["true"]:
        return download_link(folder, path)
    return send(call, folder, path)


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
    root = await asyncio.to_thread(root_of_run, call.session, number, write=True)
    await root.folder.write(path, _once(call.body))
    return Reply(200)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def get_file(call: Call) -> Reply:
    """GET mlflow-artifacts/artifacts/{artifact_path}."""
    spot = file_spot(call.path_params["artifact_path"])
    return send(call, call.session.folder(spot.ref), spot.path)


async def put_file(call: Call) -> Reply:
    """PUT mlflow-artifacts/artifacts/{artifact_path}: the body as it arrives, whole or not at all."""
    spot = file_spot(call.path_params["artifact_path"])
    folder = await asyncio.to_thread(call.session.folder, spot.ref, write=True)
    assert call.stream is not None
    await folder.write(spot.path, call.stream)
    await written(call.session, spot)
    return DONE


def delete_file(call: Call) -> Reply:
    """DELETE mlflow-artifacts/artifacts/{artifact_path}, a file, a folder or all that an entity has."""
    spot = locate(validate.path(call.path_params["artifact_path"]))
    call.session.folder(spot.ref, write=True).delete(spot.path)
    return DONE
