"""`lineal upstream`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Limit, Most, Reference
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def upstream(client: Client, ref: Reference, limit: Limit = 100, most: Most = 2000) -> Answer:
    """Show what feeds an entity: sources, data sets, columns, jobs and models, by sort and tool.

    What went in only as a filter or a join is marked indirect, what cannot be read out again masked, and what is not
    known for sure perhaps. A column is followed alone: lineal upstream shop.orders#mail
    """
    from lineal.cli import answers

    found = client.upstream(find_one(client, ref), limit=limit, most=most)
    return Answer(found, lambda: answers.upstream(found))
