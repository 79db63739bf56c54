"""Large artifacts in parts: announced, sent to a link each, completed; what was interrupted goes on where it stopped.

The links lead to the object store if clients reach it, and to this server if files are kept on a disk. A link is
signed, holds for a day, and gives the right to send one part of one upload, without credentials.
"""

from __future__ import annotations

import asyncio
import ntpath
import posixpath
from urllib.parse import urljoin

from lineal.graph.errors import NotFound
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import validate, wire
from lineal.protocols.mlflow.artifacts.places import Spot, file_spot
from lineal.protocols.mlflow.errors import NOT_IMPLEMENTED, Refused, invalid
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body, own_url

PARTS = "/2.0/mlflow-artifacts/mpu/parts"
_HOST = "localhost"

_create = Body(wire.CreateMultipartUpload)
_complete = Body(wire.CompleteMultipartUpload)
_abort = Body(wire.AbortMultipartUpload)


def create(call: Call) -> Reply:
    """POST mlflow-artifacts/mpu/create/{artifact_path}: a link for each part."""
    asked = _create(call)
    spot = _spot(call, asked.path)
    upload = call.session.folder(spot.ref, write=True).start(spot.path, asked.num_parts)
    if upload is None:
        raise Refused(
            NOT_IMPLEMENTED, "Multipart upload is not supported for the current artifact repository"
        )
    base = f"{_origin(call)}/api{PARTS}/"
    links = [wire.PartCredential(urljoin(base, link.url), link.number) for link in upload.links]
    return json_reply(wire.MultipartUpload(upload.id, links))


def complete(call: Call) -> Reply:
    """POST mlflow-artifacts/mpu/complete/{artifact_path}: the parts become the file."""
    asked = _complete(call)
    spot = _spot(call, asked.path)
    parts = [(part.part_number, part.etag) for part in asked.parts]
    call.session.folder(spot.ref, write=True).finish(spot.path, asked.upload_id, parts)
    return DONE


def abort(call: Call) -> Reply:
    """POST mlflow-artifacts/mpu/abort/{artifact_path}: the parts are forgotten."""
    asked = _abort(call)
    spot = _spot(call, asked.path)
    call.session.folder(spot.ref, write=True).abandon(spot.path, asked.upload_id)
    return DONE


async def put_part(call: Call) -> Reply:
    """PUT mlflow-artifacts/mpu/parts/{upload}/{number}: one part, again if need be; answers its ETag."""
    given = call.path_params
    part = await asyncio.to_thread(call.session.incoming_part, given["upload"], given["number"], call.query)
    assert call.stream is not None
    return _tagged(await part.write(call.stream))


def get_part(call: Call) -> Reply:
    """GET mlflow-artifacts/mpu/parts/{upload}/{number}: ETag and size of what arrived, to go on after a break."""
    given = call.path_params
    stored = call.session.incoming_part(given["upload"], given["number"], call.query).stored()
    if stored is None:
        raise NotFound("this part has not arrived")
    tag, size = stored
    return _tagged(tag, {"etag": tag, "size": size})


def _tagged(tag: str, told: object = None) -> Reply:
    return json_reply(told or {})._replace(headers=[("ETag", f'"{tag}"')])


def _spot(call: Call, name: str) -> Spot:
    """The file: the directory of the path, and a name; old clients send the whole path that the file has with them."""
    name = ntpath.basename(validate.path(ntpath.basename(name)))
    if name in ("", ".", ".."):
        raise invalid("Invalid path")
    return file_spot(posixpath.join(call.path_params["artifact_path"], name))


def _origin(call: Call) -> str:
    """The server as this client reaches it."""
    if own := own_url(call):
        return own
    scheme = "https" if call.headers.get("x-forwarded-proto") == "https" else "http"
    return f"{scheme}://{call.headers.get('host', _HOST)}"
