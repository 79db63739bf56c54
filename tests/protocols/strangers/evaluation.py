from __future__ import annotations

from typing import Any

from lineal.protocols.base import Route
from lineal.testing.protocol import Served

WORDS: set[str] = set()
"""Each stands for one place in which text is kept."""


def fill(served: Served, made: dict[str, str]) -> dict[str, list[str]]:
    """Put one of everything there, and answer what may stand in the variables of paths."""
    return {}


def arguments(made: dict[str, Any], route: Route) -> dict[str, Any]:
    """What the operation may ask for, as parameters and as a body alike, over what every operation is asked."""
    return {}
