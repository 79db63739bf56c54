"""Logged models: create, finalize, read, delete, parameters and tags. Searching them is in `model_search`."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence

from lineal.catalog.session import Session
from lineal.graph.change import (
    AnyOperation,
    Change,
    Expect,
    Present,
    PutEdge,
    PutEntity,
    PutFacet,
    UnsetOrEqual,
)
from lineal.graph.errors import Denied, Invalid, NotFound
from lineal.graph.model import AnyRef, ById, Entity, External, Local, Properties
from lineal.graph.query import Part
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import experiments, packaging, translate, validate, wire
from lineal.protocols.mlflow.errors import missing
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body, query_of
from lineal.protocols.mlflow.runs import home_of
from lineal.protocols.mlflow.translate import MODEL, PARAM, TAG, model_ref, run_ref

ACTIVE = Present(kind="logged_model")
ANY = Present(states=["active", "deleted"], kind="logged_model")
WHOLE: tuple[Part, ...] = ("properties", "metrics", "external")
_MOST_POINTS = 1000

_create = Body(wire.CreateLoggedModel)
_finalize = Body(wire.FinalizeLoggedModel)
_params = Body(wire.LoggedModelParams)
_tags = Body(wire.LoggedModelTags)


def create(call: Call) -> Reply:
    """POST logged-models."""
    message = _create(call)
    validate.model_name(message.name or None)
    experiment = validate.experiment_id(message.experiment_id)
    home = home_of(call.session, experiment)
    number = f"m-{uuid.uuid4().hex}"
    put = PutEntity(
        kind="logged_model",
        namespace=home.namespace,
        name=message.name or translate.random_name(),
        home=home.ref,
        properties=_properties(message) | _own_location(home.root, number),
        external=[External(MODEL, number)],
        handle="model",
    )
    operations: list[AnyOperation] = [Expect(home.ref, experiments.ACTIVE, "experiment"), put]
    if message.source_run_id and call.session.look_up(run_ref(message.source_run_id), ()) is not None:
        operations.append(
            PutEdge("output", run_ref(message.source_run_id), Local("model"), {"model_id": number})
        )
    call.session.commit(Change(operations))
    return _reply(call.session, find_model(call.session, number))


def _properties(message: wire.CreateLoggedModel) -> Properties:
    attributes: Properties = {"status": translate.model_status(1)}
    if message.model_type:
        attributes["model_type"] = message.model_type
    if message.source_run_id:
        attributes["source_run_id"] = message.source_run_id
    params = translate.prefixed(PARAM, {pair.key: pair.value for pair in message.params})
    return attributes | params | translate.prefixed(TAG, {pair.key: pair.value for pair in message.tags})


def _own_location(root: str | None, number: str) -> Properties:
    return {"artifact_uri": translate.model_location(root, number)} if root is not None else {}


def get(call: Call) -> Reply:
    """GET logged-models/{model_id}; a deleted one only when `allow_deleted=true`."""
    number = call.path_params["model_id"]
    deleted = query_of(call).get("allow_deleted", ["false"])[0].lower() == "true"
    model = find_model(call.session, number)
    if model.state != "active" and not deleted:
        raise missing("logged_model", number)
    return _reply(call.session, model)


def finalize(call: Call) -> Reply:
    """PATCH logged-models/{model_id}: the artifacts are there, or could not be written."""
    number = call.path_params["model_id"]
    status = translate.model_status(_finalize(call).status)
    put = PutEntity(model_ref(number), kind="logged_model", properties={"status": status})
    _commit(call.session, number, Expect(model_ref(number), ANY, "logged_model"), put)
    _describe(call.session, number)
    return _reply(call.session, find_model(call.session, number))


def delete(call: Call) -> Reply:
    """DELETE logged-models/{model_id}, softly."""
    number = call.path_params["model_id"]
    put = PutEntity(model_ref(number), kind="logged_model", state="deleted")
    return _commit(call.session, number, Expect(model_ref(number), ANY, "logged_model"), put)


def log_params(call: Call) -> Reply:
    """POST logged-models/{model_id}/params."""
    number = call.path_params["model_id"]
    properties = translate.prefixed(PARAM, {pair.key: pair.value for pair in _params(call).params})
    unchanged = Expect(model_ref(number), UnsetOrEqual(properties), "params")
    put = PutEntity(model_ref(number), kind="logged_model", properties=properties)
    return _commit(call.session, number, Expect(model_ref(number), ANY, "logged_model"), unchanged, put)


def set_tags(call: Call) -> Reply:
    """PATCH logged-models/{model_id}/tags."""
    number = call.path_params["model_id"]
    properties = translate.prefixed(TAG, {pair.key: pair.value for pair in _tags(call).tags})
    put = PutEntity(model_ref(number), kind="logged_model", properties=properties)
    return _commit(call.session, number, Expect(model_ref(number), ANY, "logged_model"), put)


def delete_tag(call: Call) -> Reply:
    """DELETE logged-models/{model_id}/tags/{tag_key}."""
    number, key = call.path_params["model_id"], call.path_params["tag_key"]
    model = find_model(call.session, number, ("properties",))
    if TAG + key not in model.properties:
        raise NotFound(f"No tag with key {key!r} found for model with ID {number!r}.")
    put = PutEntity(model_ref(number), kind="logged_model", properties={TAG + key: None})
    return _commit(call.session, number, Expect(model_ref(number), ANY, "logged_model"), put)


def _commit(session: Session, number: str, *operations: AnyOperation) -> Reply:
    try:
        session.commit(Change(list(operations)))
    except NotFound:
        raise missing("logged_model", number) from None
    return DONE


def find_model(session: Session, number: str, parts: Sequence[Part] = WHOLE) -> Entity:
    """A logged model; Refused when there is none to see."""
    try:
        return session.get(model_ref(number), parts)
    except NotFound:
        raise missing("logged_model", number) from None


def _reply(session: Session, model: Entity) -> Reply:
    return json_reply({"model": messages(session, [model], _every_metric(session, model))[0]})


def _every_metric(session: Session, model: Entity) -> list[wire.Metric]:
    """All that was measured of a model, not just the latest of each."""
    number, keys = translate.model_id(model), [key for key in model.metrics if translate.is_qualified(key)]
    series = (session.series(ById(model.id), key, limit=_MOST_POINTS) for key in keys)
    return [translate.model_metric(point, number) for points in series for point in points]


def messages(
    session: Session, models: Sequence[Entity], metrics: list[wire.Metric] | None = None
) -> list[wire.LoggedModel]:
    """Models as MLflow shows them, with these metrics or the latest of each."""
    homes = experiments.experiments_of(session, models)
    return [_message(model, homes.get(model.home or 0), metrics) for model in models]


def _message(model: Entity, home: Entity | None, metrics: list[wire.Metric] | None) -> wire.LoggedModel:
    experiment = translate.experiment_id(home) if home else str(model.home or 0)
    root = translate.location(home) if home else f"{translate.DEFAULT_ROOT}/{experiment}"
    if metrics is None:
        number = translate.model_id(model)
        latest = [point for key, point in model.metrics.items() if translate.is_qualified(key)]
        metrics = [translate.model_metric(point, number) for point in latest]
    return translate.model_message(model, experiment, root, metrics)


def describe_anew(session: Session, number: str) -> None:
    """As when it got ready, for a model of which a file was replaced since; nothing happens before it is ready."""
    if session.get(model_ref(number), ("properties",)).properties.get("status") == translate.model_status(2):
        _describe(session, number)


def _describe(session: Session, number: str) -> None:
    """Tell what the files beside the model say of its signature, example and environment."""
    facets = packaging.described(_small_files(session, model_ref(number)))
    puts: list[AnyOperation] = [
        PutFacet(model_ref(number), name, document, "mlflow") for name, document in facets.items()
    ]
    # What a file says that no facet can hold is no reason to fail, for the model is there all the same.
    with contextlib.suppress(Invalid):
        session.commit(Change(puts))


def _small_files(session: Session, ref: AnyRef) -> dict[str, str]:
    folder, found = session.folder(ref), {}
    for name in packaging.FILES:
        with contextlib.suppress(NotFound, Invalid, Denied):
            if folder.size(name) <= packaging.LARGEST:
                found[name] = b"".join(folder.read(name)).decode(errors="replace")
    return found
