"""Where what evaluation keeps lies: data sets with their rows, and scorers.

| MLflow | the graph | address |
|---|---|---|
| evaluation data set | `dataset`, a `member` of its experiments | `mlflow.dataset` |
| its records | records of the data set | |
| scorer | `scorer` at home in its experiment | `mlflow.scorer`, and by name `mlflow.scorer_name` |
| scorer version | `scorer_version` at home in its scorer | `mlflow.scorer_version`: scorer's id and number |
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DATASET = "mlflow.dataset"
SCORER = "mlflow.scorer"
SCORER_NAME = "mlflow.scorer_name"
SCORER_VERSION = "mlflow.scorer_version"
UPDATED, UPDATED_BY, DIGEST = "last_update_time", "last_updated_by", "digest"
NUMBER = "version"
SCORER_FACET, SCORER_TEXT = "mlflow", "serialized_scorer"

GROUPS = ("inputs", "outputs", "expectations")
_OBJECT = "object"
_LONGEST_KEY = 32


def record_key(dataset: str, inputs: Any) -> str:
    """The key of the row of a data set with these inputs, so that rows with equal inputs are one."""
    text = json.dumps(inputs, sort_keys=True)
    return f"dr-{hashlib.sha256(f'{dataset}:{text}'.encode()).hexdigest()[:_LONGEST_KEY]}"


def facet_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """MLflow's schema of the rows as the facet `schema`."""
    return {"fields": [_field(group, schema.get(group) or {}) for group in GROUPS]}


def _field(group: str, fields: Any) -> dict[str, Any]:
    if isinstance(fields, str):
        return {"name": group, "type": fields}
    inner = [{"name": name, "type": kind} for name, kind in fields.items()]
    return {"name": group, "type": _OBJECT, "fields": inner}


def schema_of(facet: Any) -> dict[str, Any] | None:
    """The inverse of `facet_of`; None when the facet was not made of such a schema."""
    fields = facet.get("fields", []) if isinstance(facet, dict) else []
    groups = {each["name"]: each for each in fields}
    if groups.keys() != set(GROUPS):
        return None
    return {group: _inner(groups[group]) for group in GROUPS}


def _inner(field: Mapping[str, Any]) -> Any:
    if field.get("type") != _OBJECT:
        return field.get("type")
    return {each["name"]: each.get("type") for each in field.get("fields", [])}
