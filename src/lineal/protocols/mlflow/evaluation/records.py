"""Rows of an evaluation data set: read from JSON text, merged with what is there, told as JSON text. Pure.

A row is a document `{"inputs", "outputs", "expectations", "tags", "source", "source_id", "created_by",
"last_updated_by"}` without those that are not told. Its key is made of the data set's id and the inputs, so that
rows with equal inputs are one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lineal.graph.mlflow.evaluation import record_key
from lineal.graph.model import Record
from lineal.protocols.mlflow.errors import invalid

USER_TAG = "mlflow.user"
SOURCE_TYPES = ("UNSPECIFIED", "TRACE", "HUMAN", "DOCUMENT", "CODE")
_KEY = re.compile(r"dr-[0-9a-f]{32}")
_OBJECTS = ("inputs", "expectations", "tags")

Document = dict[str, Any]


class Merged(NamedTuple):
    """What a batch makes of a data set's rows.

    Attributes:
        documents: of the rows that are new or changed, by key.
        inserted, updated: how many rows of the batch were of each sort.
        user: who is told to have made the last row that tells it.
    """

    documents: dict[str, Document]
    inserted: int
    updated: int
    user: str | None


def read_object(text: str, parameter: str) -> dict[str, Any]:
    """JSON text of an object; Refused when it is not that."""
    value = _read(text, parameter)
    if not isinstance(value, dict):
        raise invalid(f"Invalid value for parameter '{parameter}' supplied: it must be a JSON object.")
    return value


def read_batch(text: str) -> list[Document]:
    """JSON text of a list of rows; Refused when one is ill-formed."""
    rows = _read(text, "records")
    if not isinstance(rows, list):
        raise invalid("Invalid value for parameter 'records' supplied: it must be a JSON list of objects.")
    return [_checked(row, place) for place, row in enumerate(rows)]


def _read(text: str, parameter: str) -> Any:
    try:
        # Not msgspec, which does not know the NaN and Infinity that Python's encoder writes.
        return json.loads(text)
    except (ValueError, RecursionError):
        raise invalid(f"Invalid value for parameter '{parameter}' supplied: it is not valid JSON.") from None


def _checked(row: Any, place: int) -> Document:
    if not isinstance(row, dict):
        raise invalid(f"Invalid value for parameter 'records[{place}]' supplied: it must be a JSON object.")
    for part in _OBJECTS:
        given = row.get(part, {})
        if not isinstance(given, dict) and (given is not None or part == "inputs"):
            raise invalid(
                f"Invalid value for parameter 'records[{place}].{part}' supplied: it must be a JSON object."
            )
    return row | {"source": _source(row.get("source"), place)}


def _source(given: Any, place: int) -> Document | None:
    """Where a row came from, with its type spelt as MLflow spells it."""
    if not given:
        return None
    data = given.get("source_data") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(data, dict | None):
        raise invalid(
            f"Invalid value for parameter 'records[{place}].source' supplied: it must be a JSON object with"
            " 'source_type' and, as a JSON object, 'source_data'."
        )
    kind = str(given.get("source_type")).upper()
    if kind not in SOURCE_TYPES:
        raise invalid(f"Invalid dataset record source type: {kind}. Valid source types: {list(SOURCE_TYPES)}")
    return {"source_type": kind, "source_data": data or {}}


def keys_among(ids: Iterable[str]) -> list[str]:
    """Those of the texts that may be ids of rows, each once."""
    return [each for each in dict.fromkeys(ids) if _KEY.fullmatch(each)]


def merge(dataset: str, stored: Mapping[str, Document], batch: Sequence[Document]) -> Merged:
    """A batch over what is stored, row by row: outputs are replaced, expectations and tags added to.

    Args:
        dataset: id of the data set.
        stored: documents of the rows that are there already, by key.
        batch: rows as `read_batch` answers them.
    """
    made: dict[str, Document] = {}
    inserted, user = 0, None
    for row in batch:
        key = record_key(dataset, row.get("inputs", {}))
        old = made.get(key, stored.get(key))
        made[key] = _new(row) if old is None else _over(old, row)
        inserted += old is None
        user = _user(row) or user
    return Merged(made, inserted, len(batch) - inserted, user)


def _new(row: Document) -> Document:
    source, user = row["source"], _user(row)
    told = {
        "inputs": row.get("inputs", {}),
        "outputs": row.get("outputs", {}),
        "expectations": row.get("expectations"),
        "tags": row.get("tags") or {},
        "source": source,
        "source_id": source and _source_id(source),
        "created_by": user,
        "last_updated_by": user,
    }
    return {part: value for part, value in told.items() if value is not None}


def _source_id(source: Document) -> str | None:
    found = source["source_data"].get("trace_id" if source["source_type"] == "TRACE" else "source_id")
    return found if isinstance(found, str) else None


def _over(old: Document, row: Document) -> Document:
    new = dict(old)
    if "outputs" in row:
        new["outputs"] = row["outputs"]
    for part in ("expectations", "tags"):
        if row.get(part):
            new[part] = old.get(part, {}) | row[part]
    if _user(row) is not None:
        new["last_updated_by"] = _user(row)
    return {part: value for part, value in new.items() if value is not None}


def _user(row: Document) -> str | None:
    found = (row.get("tags") or {}).get(USER_TAG)
    return found if isinstance(found, str) else None


def traces_of(documents: Iterable[Document]) -> list[str]:
    """Ids of the traces that rows were made from, each once."""
    made = (each for each in documents if (each.get("source") or {}).get("source_type") == "TRACE")
    return list(dict.fromkeys(each["source_id"] for each in made if "source_id" in each))


def told(dataset: str, record: Record) -> Document:
    """A row as MLflow tells it."""
    document: Document = record.document
    source = document.get("source")
    return {
        "dataset_record_id": record.key,
        "dataset_id": dataset,
        **document,
        **({"source_type": source["source_type"]} if source else {}),
        "created_time": record.created,
        "last_update_time": record.updated,
    }
