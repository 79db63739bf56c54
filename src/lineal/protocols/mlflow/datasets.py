"""Data sets that runs read, as MLflow's messages have them. How they lie in the graph is in `graph.mlflow.data`."""

from __future__ import annotations

from typing import Any

import msgspec

from lineal.graph.mlflow.data import (
    DATASET_PARTS,
    EVALUATION,
    evaluation_of,
    place_of,
    schema_of,
    states_of,
    with_input,
)
from lineal.graph.model import Entity
from lineal.protocols.mlflow.wire import Dataset, DatasetInput, InputTag

__all__ = [
    "EVALUATION",
    "evaluation_of",
    "foreign_input",
    "inputs_of",
    "place_of",
    "schema_of",
    "states_of",
    "with_input",
]


def inputs_of(detail: dict[str, Any]) -> list[DatasetInput]:
    """The dataset inputs that an edge stands for."""
    return [_input_of(state) for state in states_of(detail)]


def _input_of(state: dict[str, Any]) -> DatasetInput:
    parts = {part: state[part] for part in DATASET_PARTS if part in state}
    return DatasetInput(Dataset(**parts), [InputTag(key, value) for key, value in state.get("tags", [])])


def foreign_input(dataset: Entity) -> DatasetInput:
    """A data set that another tool said the run reads; its digest is made up of its identity."""
    source = msgspec.json.encode({"namespace": dataset.namespace, "name": dataset.name}).decode()
    return DatasetInput(Dataset(dataset.name, dataset.uuid[:8], "lineal", source))
