"""What operators ask: is it up, is it ready, what does it count."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lineal.graph.errors import Denied, Invalid, LinealError, NotFound, Unauthenticated, Unavailable
from lineal.protocols.base import Call, Reply, Route, json_reply
from lineal.server import metrics
from lineal.server.metrics import Traffic

if TYPE_CHECKING:
    from lineal.catalog.catalog import Catalog

_COUNTED_FOR = 10.0
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, 404),
    (Unauthenticated, 401),
    (Denied, 403),
    (Unavailable, 503),
    (Invalid, 400),
)


class System:
    """The server's own operations, as a door.

    Args:
        catalog: whose state is told.
        traffic: requests by door.
    """

    name = "system"

    def __init__(self, catalog: Catalog, traffic: Mapping[str, Traffic]) -> None:
        self._catalog = catalog
        self._traffic = traffic
        self._counted: dict[str, tuple[float, dict[str, int]]] = {}

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/health", self.health, inline=True, public=True),
            Route("GET", "/ready", self.ready, public=True),
            Route("GET", "/metrics", self.metrics),
        )

    def failure(self, error: Exception, call: Call | None) -> Reply:
        """Plain words."""
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        words = str(error) if isinstance(error, LinealError) else "internal error"
        return Reply(status, words.encode("utf-8", "replace") + b"\n", "text/plain; charset=utf-8")

    def health(self, call: Call) -> Reply:
        """The process answers."""
        return Reply(200, b"OK", "text/plain; charset=utf-8")

    def ready(self, call: Call) -> Reply:
        """The database answers, too."""
        try:
            self._catalog.store.read("SELECT 1")
        except Exception as error:
            words = str(error) if isinstance(error, LinealError) else "the database does not answer"
            return json_reply({"ready": False, "reason": words}, 503)
        return json_reply({"ready": True})

    def metrics(self, call: Call) -> Reply:
        """All figures, of entities those that the caller may see."""
        text = metrics.text_of(
            (
                *metrics.requests_text(self._traffic),
                *metrics.catalog_text(self._catalog.stats()),
                *metrics.kinds_text(self._counts(call)),
            )
        )
        return Reply(200, text, metrics.CONTENT_TYPE)

    def _counts(self, call: Call) -> dict[str, int]:
        """Counted every few seconds at most, however often it is asked for."""
        who = call.session.principal.name
        until, counts = self._counted.get(who, (0.0, {}))
        if until < time.monotonic():
            counts = call.session.counts()
            self._counted[who] = time.monotonic() + _COUNTED_FOR, counts
        return counts
