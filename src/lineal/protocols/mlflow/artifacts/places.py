"""Whose bytes a path means, and how they are sent.

A path under the proxy names the entity that the bytes belong to: `EXPERIMENT/RUN/artifacts/…` the run,
`EXPERIMENT/models/MODEL/artifacts/…` the logged model, `EXPERIMENT/traces/TRACE/artifacts/…` the trace, any other
`EXPERIMENT/…` the experiment. So who may read and write them follows from who may read and write the entity.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from lineal.catalog.session import Session
from lineal.graph.errors import Invalid, NotFound
from lineal.graph.mlflow.traces import trace_ref
from lineal.graph.model import AnyRef, ByExternal, ById
from lineal.protocols.base import Call, Reply, content_type_of, download
from lineal.protocols.mlflow import logged_models, packaging, runs, validate
from lineal.protocols.mlflow.errors import NOT_IMPLEMENTED, Refused, invalid
from lineal.protocols.mlflow.translate import MODEL, experiment_ref, model_ref, run_ref

if TYPE_CHECKING:
    from lineal.store.blobs import Folder

_READ = {
    "txt", "log", "err", "cfg", "conf", "cnf", "cf", "ini", "properties", "prop", "hocon", "toml", "yaml", "yml", "xml",
    "json", "js", "py", "py3", "csv", "tsv", "md", "rst", "ipynb", "MLmodel", "mlproject",
}  # fmt: skip
"""Endings, and names without one, of files that people read."""
_TOKEN = re.compile(r"[A-Za-z0-9!#$&+.^_|~\-]+")
_SERVED = ("mlflow-artifacts", "http", "https")
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")


class Spot(NamedTuple):
    """Where a path of the proxy leads: an entity, and a path in its folder."""

    ref: AnyRef
    path: str


def locate(path: str) -> Spot:
    """The entity whose bytes a path of the proxy means, and the path among them."""
    parts = path.split("/") if path else []
    for number, (part, following) in enumerate(pairwise(parts)):
        if following == "artifacts":
            inner = "/".join(parts[number + 2 :])
            if _MODEL_ID.fullmatch(part) and number and parts[number - 1] == "models":
                return Spot(model_ref(part), inner)
            if number and parts[number - 1] == "traces":
                return Spot(trace_ref(part), inner)
            if _RUN_ID.fullmatch(part):
                return Spot(run_ref(part), inner)
    if parts and parts[0].isdigit():
        return Spot(experiment_ref(parts[0]), "/".join(parts[1:]))
    return Spot(experiment_ref("0"), path)


async def written(session: Session, spot: Spot) -> None:
    """A file was written: if it tells something of a logged model, that is told anew."""
    if isinstance(spot.ref, ByExternal) and spot.ref.protocol == MODEL and spot.path in packaging.FILES:
        await asyncio.to_thread(logged_models.describe_anew, session, spot.ref.id)


def file_spot(path: str) -> Spot:
    """As `locate`, for what must be a file."""
    spot = locate(validate.path(path))
    if not spot.path:
        raise invalid("Artifact path refers to a directory, not a file")
    return spot


class Root(NamedTuple):
    """Where the artifacts of a run or a logged model begin: as clients are told, and the folder itself."""

    url: str
    folder: Folder


def root_of_run(session: Session, number: str, *, write: bool = False) -> Root:
    """The artifacts of a run.

    Raises:
        Refused: there is no such run to see, or its artifacts are not kept here.
        Denied: the run may be seen but not be written to, if `write`.
    """
    run = runs.find_run(session, number)
    url = runs.info(session, run).artifact_uri
    require_served(url)
    return Root(url, session.folder(ById(run.id), write=write))


def root_of_model(session: Session, number: str, *, write: bool = False) -> Root:
    """The artifacts of a logged model; errors as those of a run."""
    model = logged_models.find_model(session, number, ("properties", "external"))
    url = logged_models.messages(session, [model])[0].info.artifact_uri
    require_served(url)
    return Root(url, session.folder(ById(model.id), write=write))


def require_served(root: str) -> None:
    """Artifacts that clients put elsewhere by themselves cannot be looked into from here."""
    if urlsplit(root).scheme not in _SERVED:
        raise Refused(NOT_IMPLEMENTED, f"The artifacts are at {root}, which this server does not serve.")


def send(call: Call, folder: Folder, path: str) -> Reply:
    """A file as a download, which no browser opens as a page of Lineal's."""
    try:
        reply = download(folder, path, call.headers.get("range"))
    except NotFound:
        raise NotFound(f"No such artifact: '{path}'") from None
    except Invalid:
        raise invalid(f"Artifact path refers to a directory, not a file: '{path}'") from None
    name = posixpath.basename(path)
    headers = [*reply.headers, ("Content-Disposition", _attachment(name))]
    return reply._replace(headers=headers, content_type=_content_type(name))


def _attachment(name: str) -> str:
    named = f"filename={name}" if _TOKEN.fullmatch(name) else f"filename*=UTF-8''{quote(name, safe='')}"
    return f"attachment; {named}"


def _content_type(name: str) -> str:
    """As MLflow tells it: all that people read is plain text."""
    ending = name.rpartition(".")[2]
    return "text/plain" if ending in _READ else content_type_of(name).partition(";")[0]
