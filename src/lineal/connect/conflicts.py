"""What was changed in Lineal since it was imported stays as it is, whatever the source says by now."""

from __future__ import annotations

from lineal.client import Client
from lineal.graph.model import ById, Entity

NOTE = "imported from "
"""Begins the notes of all commits of an import, by which the history tells them from others."""

_CHANGES = frozenset({"updated", "deleted", "restored"})
_FAR = 1000


def is_own(client: Client, there: Entity) -> bool:
    """Whether nobody but imports has changed an entity."""
    if there.revision == 1:
        return True
    events = client.history(ById(there.id), _FAR)
    return all(each.note.startswith(NOTE) for each in events if each.action in _CHANGES)
