"""`lineal history`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Limit, Reference
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def history(client: Client, ref: Reference, limit: Limit = 30) -> Answer:
    """Show what was done to an entity, by whom, when and through which protocol."""
    from lineal.cli import draw

    events = client.history(find_one(client, ref), limit)
    return Answer(events, lambda: draw.events(events))
