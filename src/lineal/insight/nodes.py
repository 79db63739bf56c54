"""The entities that an answer names."""

from __future__ import annotations

from collections.abc import Iterable

from lineal.catalog.session import Session
from lineal.graph.model import ById, Entity
from lineal.graph.openlineage import run_ref

_MOST_VERSIONS = 1000


def named(session: Session, ids: Iterable[int | None]) -> list[Entity]:
    """Those of the entities that the caller may see, each once, with labels; and the jobs of those that are runs."""
    found = session.get_many(list(dict.fromkeys(each for each in ids if each)), ("labels",))
    known = {each.id for each in found}
    homes = {each.home for each in found if each.home is not None and each.kind == "run"} - known
    return [*found, *session.get_many(sorted(homes), ("labels",))]


def versions_of_model(session: Session, model: Entity) -> list[int]:
    """Ids of a registered model's versions, oldest first."""
    edges = session.edges([model.id], ("version",), "out", _MOST_VERSIONS)
    return sorted(edge.target for edge in edges)


def subject(session: Session, entity: Entity) -> Entity:
    """What tells where an entity came from: of a model its newest version, of a version of data its run."""
    types = session.types()
    if types.is_a(entity.kind, "model"):
        versions = versions_of_model(session, entity)
        return session.get(ById(versions[-1]), ("properties", "external")) if versions else entity
    if types.is_a(entity.kind, "dataset_version"):
        number = entity.properties.get("run")
        run = session.look_up(run_ref(str(number))) if number else None
        return run or session.look_up(ById(entity.home or 0)) or entity
    return entity
