"""Which fields the rows of an evaluation data set have, as MLflow's schema. Pure.

`{"inputs": {"question": "string"}, "outputs": {}, "expectations": {}, "version": "1.0"}`, where outputs that are no
objects are one type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lineal.graph.mlflow.evaluation import GROUPS

_OBJECT = "object"
_TYPES: tuple[tuple[type, str], ...] = (
    (type(None), "null"),
    (bool, "boolean"),
    (int, "integer"),
    (float, "float"),
    (str, "string"),
    (list, "array"),
)

Schema = dict[str, Any]


def grown(schema: Schema | None, batch: Sequence[Mapping[str, Any]]) -> Schema | None:
    """A schema with the fields of more rows; each keeps the type that it had first."""
    if schema is None and not batch:
        return None
    found: Schema = {group: {} for group in GROUPS} | (schema or {})
    for row in batch:
        for group in GROUPS:
            found[group] = _with(found[group], row.get(group), group == "outputs")
    return found


def _with(fields: Any, value: Any, may_be_plain: bool) -> Any:
    """The fields of a group, or its one type, when one more row has this there."""
    if isinstance(value, dict):
        new = value.keys() - fields.keys() if isinstance(fields, dict) else ()
        return fields | {key: _type(value[key]) for key in value if key in new} if new else fields
    return _type(value) if may_be_plain and value is not None and not fields else fields


def _type(value: Any) -> str:
    return next((name for kind, name in _TYPES if isinstance(value, kind)), _OBJECT)


def schema_text(schema: Schema) -> str:
    """A schema as MLflow's JSON text."""
    return json.dumps({**schema, "version": "1.0"})
