"""Between MLflow's words and the graph's. Nothing here reads or writes.

| MLflow | the graph |
|---|---|
| experiment | `experiment` with a unique name; address `mlflow.experiment` |
| run | `run` at home in its experiment; address `mlflow.run` |
| logged model | `logged_model` at home in its experiment; address `mlflow.logged_model` |
| parameter, tag | property `param.KEY`, `tag.KEY` (the tag mlflow.runName is the run's name) |
| metric | points; on a logged model also a series that names run and data set, `KEY?run=…&dataset=…` |
| artifact location | property `artifact_location`, `artifact_uri` only where it is not the default |

What another tool put into the graph has no address of MLflow's: its run is shown under its uuid, which has the
same form, its experiment under its own number.
"""

from __future__ import annotations

import math
import os
import random
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from lineal.graph.mlflow import names
from lineal.graph.model import Entity, Point, Properties
from lineal.protocols.mlflow import wire
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.filters import MODEL_STATUS, RUN_NAME_TAG

# What the connector that moves stores must know as well.
EXPERIMENT, RUN, MODEL = names.EXPERIMENT, names.RUN, names.MODEL
PARAM, TAG, DEFAULT_ROOT, RUN_STATUS = names.PARAM, names.TAG, names.DEFAULT_ROOT, names.RUN_STATUS
run_ref, experiment_ref, model_ref = names.run_ref, names.experiment_ref, names.model_ref
outside_id, prefixed = names.outside_id, names.prefixed
experiment_id, run_id, model_id = names.experiment_id, names.run_id, names.model_id
qualified_key, is_qualified, evaluated_on = names.qualified_key, names.is_qualified, names.evaluated_on

_MODEL_STATUS = dict(enumerate(MODEL_STATUS.values()))
_VIEWS = {1: "active", 2: "deleted", 3: "all"}
_VIEW_NAMES = {"ACTIVE_ONLY": 1, "DELETED_ONLY": 2, "ALL": 3}

_ADJECTIVES = (  # noqa: SIM905 (a list of literals would be five times as long)
    "able amber ample apt arid bold brave brisk calm chief civil clean clear cosy crisp deft eager early fair fast"
    " fine firm fleet fond frank fresh gentle glad golden grand green happy hardy humble jolly keen kind late light"
    " lively loyal lucid lucky mellow merry mild modest neat noble patient plain polite prime proud quick quiet rapid"
    " ready rosy rustic serene sharp shy silent sleek smart smooth snug solid stout sunny swift tidy vivid warm wise"
).split()
_NOUNS = (  # noqa: SIM905
    "auk badger beaver bee bison bream carp cat chub cod colt crab crane crow deer dove duck eagle eel elk falcon finch"
    " fox frog gnu goat goose grouse gull hare hawk hen heron horse ibex jay kite koala lamb lark lion loon lynx mink"
    " mole moose moth mouse mule newt otter owl ox panda perch pika pony quail ram rat raven robin rook seal shad"
    " sheep shrew skink sloth slug snail snipe sole sparrow squid stag stoat stork swan tapir tern thrush toad trout"
    " vole wasp whale wolf wren yak zebra"
).split()


# Names and addresses


def random_name() -> str:
    """A name for what was given none, such as `calm-otter-417`."""
    return f"{random.choice(_ADJECTIVES)}-{random.choice(_NOUNS)}-{random.randint(0, 999)}"


def new_experiment_id() -> str:
    """A number that hardly another experiment has, with the 32 bits that messages about scorers have for it."""
    return str(random.randint(10**9, 2**31 - 1))


# Parameters, tags, enums, numbers


def pairs(prefix: str, properties: Properties) -> list[wire.Pair]:
    """Properties as parameters or tags."""
    cut = len(prefix)
    return [wire.Pair(key[cut:], text(value)) for key, value in properties.items() if key.startswith(prefix)]


def text(value: Any) -> str:
    """A property as the text that MLflow takes every parameter and tag for."""
    return value if isinstance(value, str) else str(value)


def run_status(value: int | str) -> str:
    """A status by number or name; Refused when there is no such."""
    return _enum(value, RUN_STATUS, "status")


def model_status(value: int | str) -> str:
    """The status of a logged model by number or name; Refused when there is no such."""
    return _enum(value, _MODEL_STATUS, "status")


def view(value: int | str) -> Any:
    """Which of active and deleted are wanted, in the graph's words; Refused when it is no view type."""
    number = _VIEW_NAMES.get(str(value), value)
    return _enum(number, _VIEWS, "view_type")


def _enum(value: int | str, names: Mapping[int, str], parameter: str) -> str:
    if value in names.values():
        return str(value)
    number = int(value) if str(value).isdigit() else -1
    if number not in names:
        raise invalid(f"Invalid value {value!r} for parameter '{parameter}' supplied.")
    return names[number]


def number(value: float) -> wire.Number:
    """A double as protobuf's JSON has it."""
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


# Artifacts


def location(experiment: Entity) -> str:
    """Where the artifacts of an experiment are."""
    given = experiment.properties.get("artifact_location")
    return text(given) if given else f"{DEFAULT_ROOT}/{experiment_id(experiment)}"


def absolute(given: str) -> str:
    """A location as it will be found again: a bare relative path is one beside the server, as with MLflow's own."""
    return given if urlsplit(given).scheme else os.path.abspath(given)


def run_location(root: str, number: str) -> str:
    """Where the artifacts of a run are, under its experiment's location."""
    return joined(root, number, "artifacts")


def model_location(root: str, number: str) -> str:
    """Where the artifacts of a logged model are, under its experiment's location."""
    return joined(root, "models", number, "artifacts")


def joined(root: str, *parts: str) -> str:
    """A location with more path at its end, before the query and fragment of its URL if it has them."""
    path, rest = root, ""
    if urlsplit(root).scheme:
        path = re.split(r"[?#]", root, maxsplit=1)[0]
        rest = root[len(path) :]
    return "/".join([path.rstrip("/"), *parts]) + rest


# Entities as messages


def experiment_message(entity: Entity, workspace: str) -> wire.Experiment:
    """An experiment as MLflow shows it to who asks within a workspace."""
    return wire.Experiment(
        experiment_id(entity),
        entity.name,
        location(entity),
        entity.state,
        entity.updated,
        entity.created,
        pairs(TAG, entity.properties),
        workspace,
    )


def run_info(entity: Entity, experiment: str, root: str) -> wire.RunInfo:
    """The head of a run.

    Args:
        entity: the run.
        experiment: its experiment's id.
        root: its experiment's artifact location.
    """
    number, own = run_id(entity), entity.properties.get("artifact_uri")
    return wire.RunInfo(
        number,
        number,
        entity.name,
        experiment,
        entity.owner or "",
        _status_of(entity),
        entity.started if entity.started is not None else entity.created,
        text(own) if own else run_location(root, number),
        entity.state,
        entity.ended,
    )


def _status_of(run: Entity) -> str:
    """Other tools may not tell; then a run that has ended is finished."""
    status = run.properties.get("status")
    if status in RUN_STATUS.values():
        return text(status)
    return "RUNNING" if run.ended is None else "FINISHED"


def run_data(entity: Entity) -> wire.RunData:
    """Metrics, parameters and tags of a run."""
    tags = [wire.Pair(RUN_NAME_TAG, entity.name), *pairs(TAG, entity.properties)]
    return wire.RunData(
        [metric(point) for point in entity.metrics.values()],
        pairs(PARAM, entity.properties),
        tags,
    )


def metric(point: Point) -> wire.Metric:
    """A point as MLflow shows it."""
    return wire.Metric(point.key, number(point.value), point.time, point.step)


def metrics_of(points: Iterable[Point], run: str = "") -> list[wire.Metric]:
    """Points as MLflow shows them, with the run they belong to if that is given."""
    return [wire.Metric(key, number(value), time, step, run_id=run) for key, value, time, step in points]


def model_message(entity: Entity, experiment: str, root: str, metrics: list[wire.Metric]) -> wire.LoggedModel:
    """A logged model as MLflow shows it.

    Args:
        entity: the model.
        experiment: its experiment's id.
        root: its experiment's artifact location.
        metrics: what was measured of it.
    """
    properties, number = entity.properties, model_id(entity)
    own = properties.get("artifact_uri")
    info = wire.LoggedModelInfo(
        number,
        experiment,
        entity.name,
        entity.created,
        entity.updated,
        text(own) if own else model_location(root, number),
        text(properties.get("status") or MODEL_STATUS["READY"]),
        text(properties.get("model_type") or ""),
        text(properties.get("source_run_id") or ""),
        pairs(TAG, properties),
    )
    return wire.LoggedModel(info, wire.LoggedModelData(pairs(PARAM, properties), metrics))


# Metrics of logged models


def model_points(metric: wire.LogMetric | wire.MetricIn, run: str) -> list[Point]:
    """What a model gets of a metric that was measured of it: the plain series, and the one that tells all."""
    whole = qualified_key(metric.key, run, metric.dataset_name, metric.dataset_digest)
    return [Point(key, metric.value, metric.timestamp, metric.step) for key in (metric.key, whole)]


def model_metric(point: Point, model: str) -> wire.Metric:
    """A point of a series that tells all, as MLflow shows it."""
    told = names.measured(point.key)
    value = number(point.value)
    return wire.Metric(told.key, value, point.time, point.step, told.dataset, told.digest, model, told.run)
