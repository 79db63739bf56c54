"""`lineal show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Reference
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def show(client: Client, ref: Reference) -> Answer:
    """Show an entity: properties, metrics, labels, facets and relations."""
    from lineal.cli import draw

    found = client.around(find_one(client, ref))
    return Answer(found, lambda: draw.entity(found))
