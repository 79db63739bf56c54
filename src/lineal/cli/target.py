"""Where a command works: on a server or in-process on a data folder; and what REF means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lineal.cli.failure import UserError
from lineal.graph.errors import Invalid, NotFound

if TYPE_CHECKING:
    from lineal.client import Client
    from lineal.graph.model import Entity


def connect(server: str | None, data: Path | None, token: str | None = None) -> Client:
    """The client that the options ask for: `data` first, then `server`, else the usual port of this machine.

    Raises:
        UserError: there is no such folder.
    """
    from lineal.client import Client
    from lineal.client.client import DEFAULT_TARGET

    if data is None:
        return Client(server or DEFAULT_TARGET, token=token, retries=1)
    if not data.is_dir():
        raise UserError(f"there is no data folder {data}; make one with `lineal serve --data {data}`")
    return Client(data)


def find_one(client: Client, text: str) -> Entity:
    """The entity that REF means: an address, or else the one active entity of that name (or file name).

    Raises:
        UserError: several have the name.
        NotFound: none has.
    """
    from lineal.graph.query import And, Or, Query, attribute

    try:
        return client.get(text)
    except (NotFound, Invalid):
        called = Or([attribute("name", "=", text), attribute("name", "like", f"%/{text}")])
        # A version of a data set is called like the data set, which is what one means.
        where = And([called, attribute("kind", "!=", "dataset_version")])
        named = client.find(Query(where=where, limit=10)).entities
    if not named:
        raise NotFound(f"nothing is called {text!r}")
    if len(named) > 1:
        choices = ", ".join(f"{each.uuid} ({each.kind} in {each.namespace})" for each in named)
        raise UserError(f"several entities are called {text!r}; say which: {choices}")
    return client.get(named[0].uuid)
