"""The model artifact of a version in which no client of the registry put one.

A version that was registered through MLflow has a place, but nothing lies in it. For clients of the registry it is its
own model artifact: with the version's id, called as the model is, which is how they ask for it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lineal.catalog.session import Session
from lineal.graph.model import Entity
from lineal.graph.query import Attribute, Compare, Query
from lineal.protocols.kubeflow import translate, values
from lineal.protocols.kubeflow.relations import SOURCE
from lineal.protocols.kubeflow.resources import MODEL_ARTIFACT, VERSION, Resource

_PLACES = ("storage_location", SOURCE)


def of_version(session: Session, number: int) -> Entity | None:
    """What stands for the model artifact of a version; None when it has one, or no place, or is no version."""
    version = _seen(session, number)
    if version is None or translate.resource_of(session.types(), version) is not VERSION:
        return None
    place = next((version.properties[key] for key in _PLACES if version.properties.get(key)), None)
    model = _seen(session, version.home or 0)
    if place is None or model is None or _has_own(session, number):
        return None
    properties = {"uri": place, "mlmd.state": "LIVE"}
    return msgspec.structs.replace(
        version, kind=MODEL_ARTIFACT.kind, name=model.name, home=number, properties=properties, external=[]
    )


def _seen(session: Session, number: int) -> Entity | None:
    found = session.get_many([number], ("properties",))
    return found[0] if found and found[0].state == "active" else None


def _has_own(session: Session, version: int) -> bool:
    where = Compare(Attribute("home"), "=", version)
    return bool(session.find(Query(kinds=[MODEL_ARTIFACT.kind], where=where, limit=1, parts=[])).entities)


def asked_for(session: Session, sorts: tuple[Resource, ...], asked: Mapping[str, str]) -> Entity | None:
    """What stands for the artifact with a name in a version."""
    name, parent = asked.get("name"), asked.get("parentResourceId")
    if MODEL_ARTIFACT not in sorts or not name or not parent or asked.get("externalId"):
        return None
    found = of_version(session, values.number_of(parent, "parentResourceId"))
    return found if found is not None and found.name == name else None


def listed(
    session: Session, sorts: tuple[Resource, ...], asked: Mapping[str, str], version: int
) -> Entity | None:
    """What a whole list of a version's artifacts has in the place of a model artifact."""
    narrowed = any(asked.get(each) for each in ("filterQuery", "externalId", "nextPageToken"))
    found = None if narrowed or MODEL_ARTIFACT not in sorts else of_version(session, version)
    return found if found is not None and asked.get("name") in (None, "", found.name) else None
