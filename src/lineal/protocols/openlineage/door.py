"""OpenLineage as a door of the server.

Its paths lie below `/api/v1`, as those of the native API do, since clients of OpenLineage and of Marquez know no
other place.
"""

from __future__ import annotations

from collections.abc import Sequence

from lineal.protocols.base import Call, Reply, Route
from lineal.protocols.openlineage import errors
from lineal.protocols.openlineage.marquez.routes import ROUTES
from lineal.protocols.openlineage.receiver import post_batch, post_event

PREFIX = "/api/v1"


class OpenLineage:
    """The receiver of events, and Marquez's API to read what came of them."""

    name = "openlineage"

    def routes(self) -> Sequence[Route]:
        """Every served operation."""
        return [
            Route("POST", f"{PREFIX}/lineage", post_event, streams=True),
            Route("POST", f"{PREFIX}/lineage/batch", post_batch, streams=True),
            *ROUTES,
        ]

    def failure(self, error: Exception, call: Call | None) -> Reply:
        """The error as `code` and `message`."""
        return errors.failure(error, call)
