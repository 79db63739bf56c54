"""Scorers: register, list, read and delete versions. What is registered is kept as text, and never run here."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from lineal.catalog.session import Session
from lineal.graph.change import Absent, AnyOperation, Change, Expect, PutEdge, PutEntity, PutFacet, Remove
from lineal.graph.mlflow.evaluation import SCORER, SCORER_NAME, SCORER_VERSION
from lineal.graph.model import AnyRef, ByExternal, ById, Entity, External, Local
from lineal.graph.query import Order, Property, Query, attribute
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import translate, validate
from lineal.protocols.mlflow.errors import MISSING, Refused, invalid
from lineal.protocols.mlflow.evaluation import scorer_text, wire
from lineal.protocols.mlflow.evaluation.homes import as_int32, at_home, named, still_active, usable
from lineal.protocols.mlflow.evaluation.settle import AGAIN, settled
from lineal.protocols.mlflow.experiments import DONE, experiments_of, find_experiments
from lineal.protocols.mlflow.requests import Body, Parameters

VERSION = "version"
FACET = "mlflow"
_LONGEST_NAME = 256
_MOST = 50_000

_register = Body(wire.RegisterScorer)
_list = Parameters(wire.ListScorers)
_versions = Parameters(wire.ScorerName)
_get = Parameters(wire.ScorerVersionName)
_delete = Body(wire.ScorerVersionName)


def register(call: Call) -> Reply:
    """POST scorers/register: the first version, or one more."""
    message = _register(call)
    if not message.name.strip():
        raise invalid("Scorer name cannot be empty or contain only whitespace.")
    validate.length("name", message.name, _LONGEST_NAME)
    description = scorer_text.check(message.serialized_scorer)

    def decide() -> tuple[list[AnyOperation], tuple[Entity, str, int]]:
        experiment = usable(call.session, message.experiment_id)
        scorer = _look_up(call.session, experiment, message.name)
        number = translate.outside_id(scorer, SCORER) if scorer is not None else None
        number = number or str(uuid.uuid4())
        version = _latest(call.session, scorer) + 1 if scorer is not None else 1
        ref: AnyRef = ById(scorer.id) if scorer is not None else Local("scorer")
        put = [] if scorer is not None else _put_scorer(experiment, message.name, number)
        added = _put_version(message, experiment, Version(ref, number, version), description)
        return [still_active(experiment), *put, *added], (experiment, number, version)

    experiment, number, version = settled(call.session, decide)
    made = call.session.get(version_ref(number, version), ())
    answer = wire.Registered(
        version,
        number,
        translate.experiment_id(experiment),
        message.name,
        message.serialized_scorer,
        made.created,
    )
    return json_reply(answer)


def _put_scorer(experiment: Entity, name: str, number: str) -> list[AnyOperation]:
    """A scorer that must be new."""
    by_name = named(SCORER_NAME, experiment, name)
    put = PutEntity(
        kind="scorer",
        namespace=experiment.namespace,
        name=name,
        home=ById(experiment.id),
        external=[External(SCORER, number), External(by_name.protocol, by_name.id)],
        handle="scorer",
    )
    return [Expect(by_name, Absent(), AGAIN), put]


class Version(NamedTuple):
    """Which version of which scorer: the scorer's address in the change, its id, the number."""

    scorer: AnyRef
    id: str
    number: int


def _put_version(
    message: wire.RegisterScorer, experiment: Entity, version: Version, description: str | None
) -> list[AnyOperation]:
    """A version that must be new."""
    ref = version_ref(version.id, version.number)
    told = {"description": description} if description is not None else {}
    put = PutEntity(
        kind="scorer_version",
        namespace=experiment.namespace,
        name=message.name,
        home=version.scorer,
        properties={VERSION: version.number, **told},
        external=[External(ref.protocol, ref.id)],
        handle="version",
    )
    return [
        Expect(ref, Absent(), AGAIN),
        put,
        PutEdge("version", version.scorer, Local("version")),
        PutFacet(Local("version"), FACET, {"serialized_scorer": message.serialized_scorer}, "mlflow"),
    ]


def version_ref(scorer: str, version: int) -> ByExternal:
    """The address of one version of a scorer."""
    return ByExternal(SCORER_VERSION, f"{scorer}/{version}")


def _look_up(session: Session, experiment: Entity, name: str) -> Entity | None:
    return session.look_up(named(SCORER_NAME, experiment, name), ("properties", "external"))


def find_scorer(session: Session, experiment: Entity, name: str) -> Entity:
    """A scorer by its name in an experiment; Refused when there is none to see."""
    found = _look_up(session, experiment, name)
    if found is None:
        raise _missing(experiment, name)
    return found


def _missing(experiment: Entity, name: str, version: int | None = None) -> Refused:
    about = f"'{name}'" if version is None else f"'{name}' and version {version}"
    number = translate.experiment_id(experiment)
    return Refused(MISSING, f"Scorer with name {about} not found for experiment {number}.")


def _latest(session: Session, scorer: Entity) -> int:
    """The highest version that there is; 0 when all were deleted."""
    newest = _some_versions(session, [scorer], limit=1)
    return _version(newest[0]) if newest else 0


def _some_versions(session: Session, scorers: Sequence[Entity], limit: int = _MOST) -> list[Entity]:
    """Versions of scorers, the highest first, with their properties."""
    query = Query(
        kinds=["scorer_version"],
        where=attribute("home", "in", [scorer.id for scorer in scorers]),
        order=[Order(Property(VERSION), descending=True)],
        limit=limit,
    )
    return session.find(query).entities if scorers else []


def _version(entity: Entity) -> int:
    found = entity.properties.get(VERSION)
    return found if isinstance(found, int) else 0


def latest_text(session: Session, scorer: Entity) -> str | None:
    """What was registered last; None when every version was deleted."""
    newest = _some_versions(session, [scorer], limit=1)
    return _text(session.get(ById(newest[0].id), ("facets",))) if newest else None


def _text(version: Entity) -> str:
    return str(version.facets.get(FACET, {}).get("serialized_scorer", ""))


def list_latest(call: Call) -> Reply:
    """GET scorers/list: the highest version of each scorer, in some experiments or in all."""
    message = _list(call)
    if message.experiment_id and message.experiment_ids:
        raise invalid("Cannot specify both 'experiment_id' and 'experiment_ids'; give one of them.")
    scorers = _scorers(call.session, message)
    newest: dict[int, Entity] = {}
    for version in _some_versions(call.session, scorers):
        newest.setdefault(version.home or 0, version)
    found = _messages(call.session, scorers, newest.values())
    found.sort(key=lambda each: (each.experiment_id or 0, each.scorer_name))
    return json_reply(wire.Scorers(found))


def _scorers(session: Session, message: wire.ListScorers) -> list[Entity]:
    """Those in the active ones of the experiments asked about."""
    query = Query(kinds=["scorer"], limit=_MOST, parts=["external"])
    if message.experiment_ids:
        homes = find_experiments(session, message.experiment_ids).values()
        active = [home.id for home in homes if home.state == "active"]
        query = msgspec.structs.replace(query, where=attribute("home", "in", active))
    elif message.experiment_id:
        query = msgspec.structs.replace(query, where=at_home(usable(session, message.experiment_id)))
    return session.find(query).entities


def versions(call: Call) -> Reply:
    """GET scorers/versions: all of one scorer, the first first."""
    message = _versions(call)
    experiment = usable(call.session, message.experiment_id)
    scorer = find_scorer(call.session, experiment, message.name)
    found = _some_versions(call.session, [scorer])
    if not found:
        raise _missing(experiment, message.name)
    return json_reply(wire.Scorers(_messages(call.session, [scorer], reversed(found))))


def get(call: Call) -> Reply:
    """GET scorers/get: one version, by default the highest."""
    message = _get(call)
    experiment = usable(call.session, message.experiment_id)
    scorer = find_scorer(call.session, experiment, message.name)
    found = _one_version(call.session, scorer, message.version)
    if found is None:
        raise _missing(experiment, message.name, message.version)
    return json_reply({"scorer": _messages(call.session, [scorer], [found])[0]})


def _one_version(session: Session, scorer: Entity, version: int | None) -> Entity | None:
    if version is None:
        return next(iter(_some_versions(session, [scorer], limit=1)), None)
    return session.look_up(version_ref(translate.outside_id(scorer, SCORER) or "", version), ("properties",))


def _messages(session: Session, scorers: Iterable[Entity], versions: Iterable[Entity]) -> list[wire.Scorer]:
    """Versions of these scorers as MLflow shows them."""
    by_id = {scorer.id: scorer for scorer in scorers}
    homes = experiments_of(session, by_id.values())
    whole = session.get_many([version.id for version in versions], ("properties", "facets"))
    found = [(by_id[version.home or 0], version) for version in whole]
    return [_message(homes.get(scorer.home or 0), scorer, version) for scorer, version in found]


def _message(experiment: Entity | None, scorer: Entity, version: Entity) -> wire.Scorer:
    return wire.Scorer(
        scorer.name,
        _version(version),
        _text(version),
        version.created,
        translate.outside_id(scorer, SCORER) or "",
        as_int32(translate.experiment_id(experiment)) if experiment is not None else None,
    )


def delete(call: Call) -> Reply:
    """DELETE scorers/delete: one version, or the scorer with all of them."""
    message = _delete(call)
    experiment = usable(call.session, message.experiment_id)
    scorer = find_scorer(call.session, experiment, message.name)
    gone: Entity | None = scorer
    if message.version is not None:
        gone = _one_version(call.session, scorer, message.version)
    if gone is None or not _some_versions(call.session, [scorer], limit=1):
        raise _missing(experiment, message.name, message.version)
    call.session.commit(Change([Remove(ById(gone.id), hard=True, cascade=True)]))
    return DONE
