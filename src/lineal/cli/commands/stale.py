"""`lineal stale`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Limit

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def stale(client: Client, limit: Limit = 100) -> Answer:
    """List data sets that were not written when they usually are, or are gone while something reads them."""
    from lineal.cli import answers

    found = client.stale(limit=limit)
    return Answer(found, lambda: answers.stale(found))
