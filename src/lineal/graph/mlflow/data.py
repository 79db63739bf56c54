"""Data sets that runs read: where they are, what is kept of them on the edge, and their fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from lineal.graph.errors import NOT_JSON
from lineal.graph.names import Place, locate

CONTEXT_TAG = "mlflow.data.context"
EVALUATION = "mlflow.dataset"
"""By what an evaluation data set is addressed."""
EVALUATION_SOURCE = "mlflow_evaluation_dataset"
DATASET_PARTS = ("name", "digest", "source_type", "source", "schema", "profile")


class Dataset(Protocol):
    """A data set as MLflow describes it; `source`, `schema` and `profile` are JSON text."""

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def source_type(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def schema(self) -> str | None: ...
    @property
    def profile(self) -> str | None: ...


class Tag(Protocol):
    """A tag of the input."""

    @property
    def key(self) -> str: ...
    @property
    def value(self) -> str: ...


class Input(Protocol):
    """A data set that a run reads."""

    @property
    def dataset(self) -> Dataset: ...
    @property
    def tags(self) -> Sequence[Tag]: ...


def evaluation_of(dataset: Dataset) -> str | None:
    """The id of the evaluation data set that it is, if it is one."""
    source = _json(dataset.source) if dataset.source_type == EVALUATION_SOURCE else None
    number = source.get("dataset_id") if isinstance(source, dict) else None
    return number if isinstance(number, str) else None


def place_of(dataset: Dataset) -> Place:
    """The data set's name in the graph: its location when its source tells one, else its name and digest here."""
    return _location(dataset) or Place("mlflow", f"{dataset.name}@{dataset.digest}")


def _location(dataset: Dataset) -> Place | None:
    source = _json(dataset.source)
    if not isinstance(source, dict):
        return locate(dataset.source)
    table = source.get("delta_table_name") or source.get("table_name")
    if isinstance(table, str):
        unity = source.get("is_databricks_uc_table") or dataset.source_type == "databricks-uc-table"
        return Place("unitycatalog" if unity else "hive", table)
    path = next((source[key] for key in ("uri", "url", "path") if isinstance(source.get(key), str)), None)
    if path is None:
        return None
    if dataset.source_type == "hugging_face":
        return Place("https://huggingface.co", f"datasets/{path}")
    return locate(f"dbfs:{path}" if dataset.source_type == "uc_volume" else path)


def detail_of(given: Input) -> dict[str, Any]:
    """What the edge from data set to run keeps: all that the client sent, and the context by itself."""
    detail: dict[str, Any] = {part: getattr(given.dataset, part) for part in DATASET_PARTS}
    context = next((tag.value for tag in given.tags if tag.key == CONTEXT_TAG), None)
    detail["context"] = context
    detail["tags"] = [[tag.key, tag.value] for tag in given.tags]
    return {key: value for key, value in detail.items() if value is not None}


def with_input(detail: dict[str, Any], given: Input) -> dict[str, Any]:
    """The edge's detail when the run reads one more state of the data set; unchanged when it is known already.

    The first states stay under `inputs`; the fields that filters look at are those of the last.
    """
    known, new = states_of(detail), detail_of(given)
    if any(each["name"] == new["name"] and each["digest"] == new["digest"] for each in known):
        return detail
    return {**new, "inputs": [*known, new]} if known else new


def states_of(detail: dict[str, Any]) -> list[dict[str, Any]]:
    """Every state of the data set that the run read, in order."""
    if "inputs" in detail:
        return list(detail["inputs"])
    return [detail] if "name" in detail and "digest" in detail else []


def schema_of(dataset: Dataset) -> dict[str, Any] | None:
    """The facet `schema`, if the client told fields: `{"fields": [{"name", "type"}]}`."""
    schema = _json(dataset.schema or "")
    if not isinstance(schema, dict):
        return None
    columns = schema.get("mlflow_colspec") or _tensors(schema.get("mlflow_tensorspec"))
    if not isinstance(columns, list):
        return None
    fields = [_field(number, each) for number, each in enumerate(columns) if isinstance(each, dict)]
    return {"fields": fields} if fields else None


def _field(number: int, column: dict[str, Any]) -> dict[str, str]:
    kind: Any = column.get("type")
    tensor = column.get("tensor-spec")
    if isinstance(tensor, dict):
        kind = f"{tensor.get('dtype')}{tensor.get('shape')}"
    return {"name": str(column.get("name") or number), "type": kind if isinstance(kind, str) else "object"}


def _tensors(schema: Any) -> list[Any] | None:
    """Features and targets of a tensor schema, each JSON text once more or a list."""
    if not isinstance(schema, dict):
        return None
    parts = [
        _json(part) if isinstance(part, str) else part
        for part in (schema.get("features"), schema.get("targets"))
    ]
    return [each for part in parts if isinstance(part, list) for each in part]


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except NOT_JSON:
        return None
