"""The shapes of the known facets."""

from __future__ import annotations

from typing import Any

import msgspec


class Field(msgspec.Struct, omit_defaults=True):
    """A column, or a field within one."""

    name: str
    type: str | None = None
    description: str | None = None
    fields: list[Field] = []


class Schema(msgspec.Struct):
    """Columns of a data set, as in OpenLineage's schema facet."""

    fields: list[Field]


class ColumnStatistics(msgspec.Struct, omit_defaults=True):
    """What is known of one column's values. Quantiles map a fraction, as text, to a value."""

    null_count: int | None = None
    distinct_count: int | None = None
    min: float | str | None = None
    max: float | str | None = None
    mean: float | None = None
    std: float | None = None
    quantiles: dict[str, float] = {}


class Statistics(msgspec.Struct, omit_defaults=True):
    """Size and columns of a data set."""

    row_count: int | None = None
    bytes: int | None = None
    columns: dict[str, ColumnStatistics] = {}


class Environment(msgspec.Struct, omit_defaults=True):
    """What a run or a model needs: the Python version and pip requirements, one a line."""

    python: str | None = None
    requirements: list[str] = []
    conda: dict[str, Any] | None = None


class SourceCode(msgspec.Struct, omit_defaults=True):
    """Where the code that ran is to be found."""

    type: str | None = None
    url: str | None = None
    path: str | None = None
    version: str | None = None
    branch: str | None = None
    language: str | None = None
    text: str | None = None


class Signature(msgspec.Struct, omit_defaults=True):
    """What a model takes and gives; documents as its framework writes them."""

    inputs: Any = None
    outputs: Any = None
    params: Any = None


class Documentation(msgspec.Struct, omit_defaults=True):
    """Prose about the entity, in Markdown."""

    description: str
