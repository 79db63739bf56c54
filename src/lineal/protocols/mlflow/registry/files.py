"""The files of a version, wherever among this server's artifacts they are."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lineal.catalog.session import Session
from lineal.protocols.base import Call, Reply
from lineal.protocols.mlflow import validate
from lineal.protocols.mlflow.artifacts.places import locate, require_served, root_of_run, send
from lineal.protocols.mlflow.artifacts.presigned import download_link
from lineal.protocols.mlflow.registry.lookup import Registry
from lineal.protocols.mlflow.registry.translate import download_uri
from lineal.protocols.mlflow.requests import query_of

if TYPE_CHECKING:
    from lineal.store.blobs import Folder

_ROUTE = "/mlflow-artifacts/artifacts/"


def get_artifact(call: Call) -> Reply:
    """GET /model-versions/get-artifact: one file; a link to it when `presigned=true`."""
    given = query_of(call)
    name, number, path, presigned = (
        given.get(key, [""])[0] for key in ("name", "version", "path", "presigned")
    )
    path = validate.path(path)
    _, version = Registry(call).version(name, number)
    folder, inside = _place(call.session, download_uri(version))
    whole = "/".join(part for part in (inside, path) if part)
    return download_link(folder, whole) if presigned == "true" else send(call, folder, whole)


def _place(session: Session, location: str) -> tuple[Folder, str]:
    """The folder that a version's artifacts are in, and the path to them; Refused when this server has them not."""
    uri = urlsplit(location)
    if uri.scheme == "runs":
        run, _, inside = uri.path.lstrip("/").partition("/")
        return root_of_run(session, run).folder, validate.path(inside)
    require_served(location)
    path = uri.path.partition(_ROUTE)[2] if uri.scheme in ("http", "https") else uri.path.lstrip("/")
    spot = locate(validate.path(path))
    return session.folder(spot.ref), spot.path
