"""Links to artifacts in an object store, for whoever has them, where the server was told that clients reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.graph.errors import Invalid, NotFound
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import validate, wire
from lineal.protocols.mlflow.artifacts.places import file_spot, root_of_model, root_of_run
from lineal.protocols.mlflow.errors import NOT_IMPLEMENTED, Refused, invalid
from lineal.protocols.mlflow.requests import Body

if TYPE_CHECKING:
    from lineal.store.blobs import Folder

DOWNLOAD_SECONDS = 300
UPLOAD_SECONDS = 900
LONGEST_SECONDS = 7 * 24 * 3600
"""Object stores refuse links that are to hold for longer."""

_download = Body(wire.CreatePresignedDownload)
_upload = Body(wire.CreatePresignedUpload)


def get_presigned(call: Call) -> Reply:
    """GET mlflow-artifacts/presigned/{artifact_path}."""
    spot = file_spot(call.path_params["artifact_path"])
    return download_link(call.session.folder(spot.ref), spot.path)


def create_download(call: Call) -> Reply:
    """POST artifacts/presigned-download-url."""
    asked = _download(call)
    path, seconds = _file_path(asked.path), _seconds(asked.expiration, DOWNLOAD_SECONDS)
    folder = root_of_run(call.session, asked.run_id).folder
    url, size = _readable(folder, path, seconds)
    return json_reply(wire.PresignedDownload(url, size))


def create_upload(call: Call) -> Reply:
    """POST artifacts/presigned-upload-url, for a run or a logged model."""
    asked = _upload(call)
    if bool(asked.run_id) == bool(asked.model_id):
        raise invalid("Exactly one of run_id and model_id must be provided.")
    path, seconds = _file_path(asked.path), _seconds(asked.expiration, UPLOAD_SECONDS)
    if asked.run_id:
        root = root_of_run(call.session, asked.run_id, write=True)
    else:
        root = root_of_model(call.session, asked.model_id, write=True)
    url = root.folder.write_url(path, seconds)
    if url is None:
        raise _unsupported("upload")
    return json_reply(wire.PresignedUpload(url))


def download_link(folder: Folder, path: str) -> Reply:
    """Where a file is fetched without the server, as the proxy tells it."""
    url, size = _readable(folder, path, DOWNLOAD_SECONDS)
    return json_reply(wire.DownloadLink(url, size))


def _readable(folder: Folder, path: str, seconds: int) -> tuple[str, int]:
    try:
        size, url = folder.size(path), folder.read_url(path, seconds)
    except NotFound:
        raise NotFound(f"No such artifact: '{path}'") from None
    except Invalid:
        raise invalid(f"Artifact path refers to a directory, not a file: '{path}'") from None
    if url is None:
        raise _unsupported("download")
    return url, size


def _file_path(text: str) -> str:
    path = validate.path(text)
    if not path:
        raise invalid("Artifact path refers to a directory, not a file")
    return path


def _seconds(asked: int | None, default: int) -> int:
    seconds = default if asked is None else asked
    if not 1 <= seconds <= LONGEST_SECONDS:
        raise invalid(f"expiration must be between 1 and {LONGEST_SECONDS} seconds (got {seconds}).")
    return seconds


def _unsupported(way: str) -> Refused:
    return Refused(
        NOT_IMPLEMENTED,
        f"Presigned {way} is not supported for the current artifact repository: files are kept on a disk, or clients"
        " are not said to reach the object store (`lineal serve --direct-files`).",
    )
