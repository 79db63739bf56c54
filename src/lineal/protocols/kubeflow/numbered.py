"""Versions whose names are numbers. MLflow knows versions by nothing else, so such a one has its number there, too."""

from __future__ import annotations

import re
import uuid

import msgspec

from lineal.catalog.session import Session
from lineal.graph.change import Absent, AnyOperation, AtRevision, Expect, PutEntity
from lineal.graph.mlflow.registry import LAST, LATEST, NUMBER, STAGE_NONE, VERSION, version_name, version_ref
from lineal.graph.model import DELETED, ByExternal, ById, ByUuid, Entity, External, Properties

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def number_of(name: str) -> int | None:
    """The number that a version's name stands for; None when it stands for none."""
    return int(name) if _NUMBER.fullmatch(name) else None


def numbered(session: Session, put: PutEntity, model: Entity, taken: str, changed: str) -> list[AnyOperation]:
    """A new version, with a number if its name is one that no version has ever had.

    Args:
        session: of who makes it.
        put: the version, at an address of its own.
        model: with its properties.
        taken: code of the expectation that the number is free.
        changed: code of the expectation that nobody changed the model in between.
    """
    number = number_of(put.name or "")
    if number is None or not isinstance(put.ref, ByExternal):
        return [put]
    own, ref = uuid.uuid4().hex, version_ref(model, number)
    if _is_spent(session, ref):
        return [put]
    version = msgspec.structs.replace(
        put,
        ref=ByUuid(own),
        name=version_name(model.name, number),
        properties=put.properties | {NUMBER: number},
        external=[*put.external, External(put.ref.protocol, put.ref.id), External(VERSION, ref.id)],
    )
    return [Expect(ref, Absent(), taken), *_last(model, number, own, changed), version]


def _is_spent(session: Session, ref: ByExternal) -> bool:
    """Whether a number belonged to a version that was deleted; MLflow gives it to no other."""
    found = session.look_up(ref, ())
    return found is not None and found.state == DELETED


def _last(model: Entity, number: int, own: str, changed: str) -> list[AnyOperation]:
    """What the model knows of its last version."""
    last = model.properties.get(LAST)
    if isinstance(last, int) and last > number:
        return []
    known: Properties = {LAST: number, LATEST + STAGE_NONE: own}
    ref = ById(model.id)
    put = PutEntity(ref, kind="model", properties=known, updated=model.updated)
    return [Expect(ref, AtRevision(model.revision), changed), put]
