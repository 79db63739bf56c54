"""`lineal versions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Limit, Reference
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def versions(client: Client, ref: Reference, limit: Limit = 20) -> Answer:
    """List versions of a data set, what was new in each, and how fresh it is.

    Two of them are compared with: lineal diff DATA@VERSION DATA@VERSION
    """
    from lineal.cli import answers

    found = client.versions(find_one(client, ref), limit=limit)
    return Answer(found, lambda: answers.versions(found))
