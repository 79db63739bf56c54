"""Column lineage out of a job's SQL, where nobody told it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lineal.protocols.openlineage.nodes import Node

if TYPE_CHECKING:
    from lineal.protocols.openlineage.facets import Telling


def derive(at: Telling, inputs: Sequence[Node], outputs: Sequence[Node]) -> None:
    """Nothing yet."""
