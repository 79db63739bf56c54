"""What a process read: which state of a data set, and which of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from lineal.catalog.session import Session
from lineal.graph.errors import NOT_JSON
from lineal.graph.mlflow.data import schema_of, states_of
from lineal.graph.model import ByExternal, Edge, Entity
from lineal.graph.openlineage import CURRENT_VERSION, fields_of, version_ref

MOST = 1000


class _State(msgspec.Struct):
    """A data set as MLflow's client told of it."""

    name: str = ""
    digest: str = ""
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None


class Read(NamedTuple):
    """One state of a data set, as far as it is known.

    Attributes:
        version: what to call it: the content that its producer told, a digest, or the id of a version.
        schema: the facet, if any was told.
        statistics: the facet.
        run: the uuid of the run that wrote it, as OpenLineage knows it.
    """

    version: str = ""
    schema: Any = None
    statistics: Mapping[str, Any] = MappingProxyType({})
    run: str = ""


def mlflow_states(edge: Edge) -> list[Read]:
    """The states that MLflow's client told of on an edge from a data set to a run."""
    return [_read(each) for each in states_of(edge.detail)]


def _read(told: dict[str, Any]) -> Read:
    state = msgspec.convert({key: told[key] for key in told if key in _State.__struct_fields__}, _State)
    return Read(state.digest, schema_of(state), _profile(state.profile))


def _profile(text: str | None) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(text or "{}")
    except NOT_JSON:
        return {}
    rows = told.get("num_rows") if isinstance(told, dict) else None
    return {"row_count": rows} if isinstance(rows, int) else {}


def fields_read(edge: Edge) -> set[str] | None:
    """Names of the columns that a process is known to have read; None when nobody told."""
    schemas = [each.schema for each in mlflow_states(edge) if each.schema is not None]
    return {field.path for schema in schemas for field in fields_of(schema)} if schemas else None


def read_by(session: Session, edge: Edge, dataset: Entity, at: int | None) -> Read:
    """The state of a data set that an edge to a process stands for.

    Args:
        session: of whoever asks.
        edge: from the data set to the process.
        dataset: with its properties.
        at: when the process ran, to look up what was then when nothing better is told.
    """
    told = mlflow_states(edge)
    if told:
        return _completed(session, told[-1], dataset, at)
    number = edge.detail.get("version") or dataset.properties.get(CURRENT_VERSION)
    return version_read(session, version_ref(str(number))) if number else Read()


def version_read(session: Session, ref: ByExternal) -> Read:
    """The state of a data set that a version stands for."""
    found = session.look_up(ref, ("properties", "facets"))
    return read_of(found) if found is not None else Read()


def read_of(version: Entity) -> Read:
    """The same of a version with its properties and facets."""
    content = version.properties.get("version")
    return Read(
        str(content) if content else version.uuid[:8],
        version.facets.get("schema"),
        version.facets.get("statistics") or {},
        str(version.properties.get("run") or ""),
    )


def _completed(session: Session, told: Read, dataset: Entity, at: int | None) -> Read:
    """What MLflow's client told, with who wrote it when a version that was there then is known."""
    written = versions_until(session, dataset, at)
    return told._replace(run=str(written[-1].properties.get("run") or "")) if written else told


def versions_until(session: Session, dataset: Entity, at: int | None) -> list[Entity]:
    """Versions of a data set that were there at a moment, oldest first; all if no moment is given."""
    found = versions_of(session, dataset)
    return [each for each in found if at is None or time_of(each) <= at]


def versions_of(
    session: Session, dataset: Entity, parts: Sequence[Any] = ("properties", "facets")
) -> list[Entity]:
    """Versions of a data set, oldest first."""
    ids = [edge.target for edge in session.edges([dataset.id], ("version",), "out", MOST)]
    found = [each for each in session.get_many(ids, parts) if each.kind == "dataset_version"]
    return sorted(found, key=time_of)


def time_of(version: Entity) -> int:
    """When a version came to be."""
    told = version.properties.get("openlineage.time")
    return told if isinstance(told, int) else version.created
