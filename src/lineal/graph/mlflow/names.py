"""Addresses, ids and keys of MLflow's things.

What another tool put into the graph has no address of MLflow's: its run is known by its uuid, which has the same
form, its experiment by its own number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from lineal.graph.model import ByExternal, Entity, Properties

EXPERIMENT = "mlflow.experiment"
RUN = "mlflow.run"
MODEL = "mlflow.logged_model"
PARAM, TAG = "param.", "tag."
DEFAULT_ROOT = "mlflow-artifacts:"
RUN_NAME_TAG = "mlflow.runName"
MODEL_STATUS = {
    0: "LOGGED_MODEL_STATUS_UNSPECIFIED",
    1: "LOGGED_MODEL_PENDING",
    2: "LOGGED_MODEL_READY",
    3: "LOGGED_MODEL_UPLOAD_FAILED",
}
RUN_STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}


class Measured(NamedTuple):
    """What a series of a logged model tells beside its values; empty where it does not."""

    key: str
    run: str
    dataset: str
    digest: str


def run_ref(number: str) -> ByExternal:
    """The address of a run."""
    return ByExternal(RUN, number)


def experiment_ref(number: str) -> ByExternal:
    """The address of an experiment."""
    return ByExternal(EXPERIMENT, number)


def model_ref(number: str) -> ByExternal:
    """The address of a logged model."""
    return ByExternal(MODEL, number)


def outside_id(entity: Entity, protocol: str) -> str | None:
    """The id by which a protocol knows the entity."""
    for each in entity.external:
        if each.protocol == protocol:
            return each.id
    return None


def experiment_id(entity: Entity) -> str:
    """An experiment's id; the graph's own number for one that another tool made."""
    return outside_id(entity, EXPERIMENT) or str(entity.id)


def run_id(entity: Entity) -> str:
    """A run's id; its uuid when another tool made it."""
    return outside_id(entity, RUN) or entity.uuid


def model_id(entity: Entity) -> str:
    """A logged model's id."""
    return outside_id(entity, MODEL) or f"m-{entity.uuid}"


def prefixed(prefix: str, values: Mapping[str, str]) -> Properties:
    """Parameters or tags as properties."""
    return {prefix + key: value for key, value in values.items()}


def qualified_key(key: str, run: str, dataset: str, digest: str) -> str:
    """The series of a model's metric that tells by which run and on which data it was measured.

    A `?` never occurs in a metric's own name, so nothing else is called so.
    """
    known = {"run": run, "dataset": dataset, "digest": digest}
    return f"{key}?{urlencode({name: value for name, value in known.items() if value})}"


def is_qualified(key: str) -> bool:
    """Whether a series of a model tells by which run it was measured."""
    return "?" in key


def measured(key: str) -> Measured:
    """What a qualified key tells."""
    plain, _, query = key.partition("?")
    told = dict(parse_qsl(query))
    return Measured(plain, told.get("run", ""), told.get("dataset", ""), told.get("digest", ""))


def evaluated_on(dataset: str) -> str:
    """The property that marks a model as measured on a data set of this name."""
    return f"evaluated.{dataset}"
