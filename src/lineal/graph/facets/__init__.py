"""Facets whose shape everybody agrees on, one entry each. Other names are free-form documents.

Unknown fields are kept and ignored, so that a producer may say more than the rest understands.
"""

from __future__ import annotations

from typing import Any

import msgspec

from lineal.graph.errors import Invalid
from lineal.graph.facets.shapes import Documentation, Environment, Schema, Signature, SourceCode, Statistics

FACETS: dict[str, type[msgspec.Struct]] = {
    "schema": Schema,
    "statistics": Statistics,
    "environment": Environment,
    "source_code": SourceCode,
    "signature": Signature,
    "documentation": Documentation,
}


def check_facet(name: str, document: Any) -> None:
    """Hold a document against the shape of its facet, if that is known.

    Raises:
        Invalid: a field has the wrong type or is missing; the message names it.
    """
    shape = FACETS.get(name)
    if shape is None or document is None:
        return
    try:
        msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise Invalid(f"facet {name}: {error}") from None
