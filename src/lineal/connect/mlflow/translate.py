"""Between records and the graph. Nothing here reads or writes; how things lie there is told in `graph.mlflow`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from lineal.client.wire import Neighbourhood
from lineal.connect.mlflow.records import (
    Dataset,
    DatasetInput,
    Experiment,
    Measure,
    Model,
    Registered,
    Run,
    Tag,
    Version,
)
from lineal.graph.change import PutEntity
from lineal.graph.mlflow import data, names, registry
from lineal.graph.mlflow.names import PARAM, TAG
from lineal.graph.model import ACTIVE, AnyRef, Edge, Entity, Point, Properties

_OWN = frozenset({"status", "artifact_uri", "artifact_location", "model_type", "source_run_id", "message"})


class Home(NamedTuple):
    """An experiment as what contains runs and models."""

    ref: AnyRef
    namespace: str


# Records as changes


def put_experiment(experiment: Experiment, ref: AnyRef) -> PutEntity:
    """An experiment at this address."""
    located: Properties = {"artifact_location": experiment.location} if experiment.location else {}
    return PutEntity(
        ref,
        kind="experiment",
        namespace=experiment.workspace,
        name=experiment.name,
        unique=True,
        state=_state(experiment.state),
        created=experiment.created or 0,
        updated=experiment.updated or experiment.created or 0,
        properties=located | names.prefixed(TAG, experiment.tags),
    )


def put_run(run: Run, home: Home) -> PutEntity:
    """A run without what it is related to."""
    own: Properties = {"status": run.status}
    if run.location:
        own["artifact_uri"] = run.location
    return PutEntity(
        names.run_ref(run.id),
        kind="run",
        namespace=home.namespace,
        name=run.name,
        home=home.ref,
        owner=run.user or None,
        state=_state(run.state),
        created=run.started or 0,
        updated=max(run.started or 0, run.ended or 0),
        started=run.started,
        ended=run.ended,
        properties=own | names.prefixed(PARAM, run.params) | names.prefixed(TAG, run.tags),
    )


def put_model(model: Model, home: Home) -> PutEntity:
    """A logged model without what it is related to."""
    own = {
        "status": model.status,
        "artifact_uri": model.location,
        "model_type": model.type,
        "source_run_id": model.run,
        "message": model.message,
    }
    marks: Properties = {names.evaluated_on(each.dataset): True for each in model.measures if each.dataset}
    given: Properties = {key: value for key, value in own.items() if value}
    return PutEntity(
        names.model_ref(model.id),
        kind="logged_model",
        namespace=home.namespace,
        name=model.name,
        home=home.ref,
        state=_state(model.state),
        created=model.created,
        updated=model.updated,
        properties=given | marks | names.prefixed(PARAM, model.params) | names.prefixed(TAG, model.tags),
    )


def model_points(measures: list[Measure]) -> list[Point]:
    """What was measured of a model: the plain series, and those that tell by which run and on what."""
    plain = [Point(each.key, each.value, each.time, each.step) for each in measures]
    whole = [
        Point(names.qualified_key(each.key, *each[4:]), each.value, each.time, each.step) for each in measures
    ]
    return plain + whole


def _state(state: str) -> Any:
    return None if state == ACTIVE else "deleted"


def is_own(key: str) -> bool:
    """Whether a property of an experiment, run or logged model is one that MLflow tells."""
    return key in _OWN or key.startswith((PARAM, TAG))


def identity(point: Point) -> tuple[int, int, float | None]:
    """What makes a point of a series differ from others: two NaN are one."""
    return point.time, point.step, point.value if point.value == point.value else None


# Entities as records


def experiment_of(entity: Entity) -> Experiment:
    """An experiment, whoever made it."""
    return Experiment(
        names.experiment_id(entity),
        entity.name,
        _text(entity.properties, "artifact_location"),
        entity.state,
        entity.created,
        entity.updated,
        _cut(entity.properties, TAG),
        entity.namespace,
    )


def run_of(found: Neighbourhood, experiment: str) -> Run:
    """A run with what it read and made, whoever made it."""
    run, properties = found.entity, found.entity.properties
    made = Run(
        names.run_id(run),
        experiment,
        run.name,
        run.owner or "",
        _status(run),
        run.started if run.started is not None else run.created,
        run.ended,
        run.state,
        _text(properties, "artifact_uri"),
        _cut(properties, PARAM),
        _cut(properties, TAG),
        latest=run.metrics,
    )
    others = {each.id: each for each in found.neighbours}
    for edge in found.edges:
        _add_edge(made, run, edge, others)
    return made


def _add_edge(made: Run, run: Entity, edge: Edge, others: Mapping[int, Entity]) -> None:
    if edge.kind == "output" and edge.source == run.id and "step" in edge.detail:
        made.made.append((str(edge.detail["model_id"]), int(edge.detail["step"])))
    elif edge.kind == "input" and edge.target == run.id:
        if "model_id" in edge.detail:
            made.read.append(str(edge.detail["model_id"]))
        elif edge.source in others:
            made.datasets += inputs_of(edge.detail, others[edge.source])


def inputs_of(detail: dict[str, Any], dataset: Entity) -> list[DatasetInput]:
    """The states of a data set that an edge tells of; one that another tool reported is known by its name."""
    states = data.states_of(detail)
    if not states and dataset.kind == "dataset":
        source = msgspec.json.encode({"namespace": dataset.namespace, "name": dataset.name}).decode()
        return [DatasetInput(Dataset(dataset.name, dataset.uuid[:8], "lineal", source))]
    return [_input_of(each) for each in states]


def _input_of(state: dict[str, Any]) -> DatasetInput:
    parts = {part: state[part] for part in data.DATASET_PARTS if part in state}
    return DatasetInput(Dataset(**parts), tuple(Tag(*pair) for pair in state.get("tags", ())))


def _status(run: Entity) -> str:
    status = _text(run.properties, "status")
    if status in names.RUN_STATUS.values():
        return status
    return "RUNNING" if run.ended is None else "FINISHED"


def model_of(entity: Entity, experiment: str, measures: list[Measure]) -> Model:
    """A logged model."""
    properties = entity.properties
    return Model(
        names.model_id(entity),
        experiment,
        entity.name,
        _text(properties, "artifact_uri"),
        entity.created,
        entity.updated,
        _text(properties, "status") or names.MODEL_STATUS[2],
        _text(properties, "message"),
        entity.state,
        _text(properties, "model_type"),
        _text(properties, "source_run_id"),
        _cut(properties, PARAM),
        _cut(properties, TAG),
        measures,
    )


def measure_of(point: Point) -> Measure:
    """A point of a series that tells by which run it was measured."""
    told = names.measured(point.key)
    return Measure(told.key, point.value, point.time, point.step, told.run, told.dataset, told.digest)


def registered_of(model: Entity, versions: Iterable[Entity]) -> Registered:
    """A registered model with its versions, in the order of their numbers."""
    found = sorted(map(_version_of, versions), key=lambda version: version.number)
    last = model.properties.get(registry.LAST)
    return Registered(
        model.name,
        model.created,
        model.updated,
        _text(model.properties, "description"),
        _cut(model.properties, TAG),
        registry.aliases_of(model),
        found,
        max([last if isinstance(last, int) else 0, *(version.number for version in found)]),
        model.namespace,
    )


def _version_of(version: Entity) -> Version:
    properties = version.properties
    return Version(
        registry.number_of(version),
        version.created,
        version.updated,
        _text(properties, "description"),
        version.owner or "",
        registry.stage_of(version),
        _text(properties, "source"),
        _text(properties, "storage_location"),
        _text(properties, "run_id"),
        _text(properties, "run_link"),
        _text(properties, "model_id"),
        _text(properties, "status") or "READY",
        _text(properties, "message"),
        _cut(properties, TAG),
    )


def _text(properties: Properties, key: str) -> str:
    value = properties.get(key)
    return "" if value is None else value if isinstance(value, str) else str(value)


def _cut(properties: Properties, prefix: str) -> dict[str, str]:
    return {key[len(prefix) :]: _text(properties, key) for key in properties if key.startswith(prefix)}
