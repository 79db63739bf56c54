"""The newest version in each stage, which models point at."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.catalog.session import Session
from lineal.graph.mlflow.registry import LAST, LATEST, NUMBER, STAGE, STAGE_NONE, number_of, stage_of
from lineal.graph.model import ByUuid, Entity, Properties
from lineal.graph.query import And, Attribute, Compare, Order, Property, Query, attribute

_MOST_FOREIGN = 10_000


def of(session: Session, models: Sequence[Entity]) -> dict[int, list[Entity]]:
    """The newest version of each of these models in each stage, by the model's id and ordered by number."""
    found: dict[int, dict[int, Entity]] = {model.id: {} for model in models}
    for version in [*_pointed_at(session, models), *_newest_foreign(session, models)]:
        if version.home in found and version.state == "active":
            found[version.home][version.id] = version
    return {model: sorted(versions.values(), key=number_of) for model, versions in found.items()}


def _pointed_at(session: Session, models: Sequence[Entity]) -> list[Entity]:
    pointers = {
        value
        for model in models
        for key, value in model.properties.items()
        if key.startswith(LATEST) and isinstance(value, str)
    }
    if not pointers:
        return []
    # Nothing else is asked for, so that the index of uuids is used.
    among = attribute("uuid", "in", sorted(pointers))
    return session.find(Query(where=among, limit=len(pointers), state="all")).entities


def _newest_foreign(session: Session, models: Sequence[Entity]) -> list[Entity]:
    """The newest versions of models that have versions of other tools only."""
    homes = [model.id for model in models if not model.properties.get(LAST)]
    newest: dict[tuple[int | None, str], Entity] = {}
    for version in _newest_first(session, homes, _MOST_FOREIGN) if homes else ():
        newest.setdefault((version.home, stage_of(version)), version)
    return list(newest.values())


def last_number(session: Session, model: Entity) -> int:
    """The greatest number that a version of the model ever had."""
    last = model.properties.get(LAST)
    if isinstance(last, int) and last:
        return last
    return max(map(number_of, _newest_first(session, [model.id], 1)), default=0)


def _newest_first(session: Session, homes: list[int], limit: int) -> list[Entity]:
    query = Query(
        kinds=["model_version"],
        where=attribute("home", "in", homes),
        order=[Order(Attribute("id"), descending=True)],
        limit=limit,
    )
    return session.find(query).entities


def after(session: Session, model: Entity, moved: Sequence[tuple[Entity, str | None]]) -> Properties:
    """What the model points at once versions have moved.

    Args:
        session: reads under the caller's scope.
        model: as it is before.
        moved: versions as they are before, each with the stage that it comes to; None when it is deleted.
    """
    stages = {to for _, to in moved if to is not None} | {stage_of(version) for version, _ in moved}
    found: Properties = {}
    for stage in stages:
        coming = [version for version, to in moved if to == stage]
        staying = _staying(session, model, stage, [version for version, _ in moved])
        newest = max([*staying, *coming], key=number_of, default=None)
        found[LATEST + stage] = newest.uuid if newest else None
    return found


def _staying(session: Session, model: Entity, stage: str, moved: Sequence[Entity]) -> list[Entity]:
    """The newest version in a stage, of those that do not move."""
    moving, pointer = [each.uuid for each in moved], model.properties.get(LATEST + stage)
    if pointer is None and model.properties.get(LAST):
        return []
    if isinstance(pointer, str) and pointer not in moving:
        found = session.look_up(ByUuid(pointer), ("properties",))
        if found is not None:
            return [found]
    own = Compare(Property(STAGE), "is null") if stage == STAGE_NONE else Compare(Property(STAGE), "=", stage)
    others = attribute("uuid", "not in", moving)
    query = Query(
        kinds=["model_version"],
        where=And([attribute("home", "=", model.id), own, others]),
        order=[Order(Property(NUMBER), descending=True)],
        limit=1,
    )
    return session.find(query).entities
