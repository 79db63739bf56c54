"""Entities as a door shows them, remembered for as long as they stay the same.

Beside what a door made of an entity stands the number of the last commit that changed it. Before that is used again,
the number is looked up in the database, where it was written together with the change. So nothing has to be told to
forget, and what another process committed counts at once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

from lineal.catalog import reading
from lineal.graph.model import Entity
from lineal.store.sql import log

if TYPE_CHECKING:
    from lineal.catalog.session import Session

LIMIT = 64 << 20
_LARGEST = 128 << 10
_BESIDES = 500
C = TypeVar("C")
Own = Literal["properties", "metrics", "facets"]
"""Parts of an entity that no change alters without being in its history. Labels come along edges, without that."""


class Rendering(Generic[C]):
    """How a door shows an entity.

    Args:
        parts: those of the entity that it shows.
        make: from an entity with these parts, and its context, to what is sent. It depends on nothing else, and what
            it shows that is neither of the row nor of these parts is in the context.
    """

    def __init__(self, parts: Sequence[Own], make: Callable[[Entity, C], bytes]) -> None:
        self.parts = tuple(parts)
        self.make = make


Key = tuple[Rendering[Any], int]
"""How an entity is shown, and its id."""


class Shown(NamedTuple):
    """What was made of an entity, and out of what."""

    state: tuple[int, ...]
    context: Any
    content: bytes


class Memory:
    """What was shown last, up to a number of bytes; what was not looked at for longest goes first."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._shown: OrderedDict[Key, Shown] = OrderedDict()
        self.size = 0

    def find(self, keys: Iterable[Key]) -> list[Shown | None]:
        """What is remembered under each key."""
        with self._lock:
            return [self._touch(key) for key in keys]

    def keep(self, key: Key, shown: Shown) -> None:
        """Remember, in place of what was under the key before."""
        if len(shown.content) > _LARGEST:
            return
        with self._lock:
            self._drop(self._shown.pop(key, None))
            self._shown[key] = shown
            self.size += _size(shown)
            while self.size > self._limit:
                self._drop(self._shown.popitem(last=False)[1])

    def _touch(self, key: Key) -> Shown | None:
        found = self._shown.get(key)
        if found is not None:
            self._shown.move_to_end(key)
        return found

    def _drop(self, shown: Shown | None) -> None:
        if shown is not None:
            self.size -= _size(shown)


def _size(shown: Shown) -> int:
    # The context may hold as much again as what was made of it.
    return 2 * len(shown.content) + _BESIDES


def render(session: Session, rendering: Rendering[C], found: Sequence[tuple[Entity, C]]) -> list[bytes]:
    """What a rendering makes of each entity, in order.

    Args:
        session: whoever is asking.
        rendering: the same object every time.
        found: entities that the session has found, without the parts that the rendering shows, with their contexts.
    """
    memory = session.catalog.rendered
    keys = [(rendering, entity.id) for entity, _ in found]
    states = _states(session, [entity for entity, _ in found])
    content = [
        shown.content if shown and shown.state == state and shown.context == context else b""
        for shown, state, (_, context) in zip(memory.find(keys), states, found, strict=True)
    ]
    missing = [number for number, each in enumerate(content) if not each]
    # Read after the states were, so what is remembered is never older than the state beside it.
    reading.hydrate(session, [found[number][0] for number in missing], rendering.parts)
    for number in missing:
        content[number] = rendering.make(*found[number])
        if states[number]:
            memory.keep(keys[number], Shown(states[number], found[number][1], content[number]))
    return content


def _states(session: Session, found: Sequence[Entity]) -> list[tuple[int, ...]]:
    """Of each entity, numbers that differ whenever it does; none when its history does not tell."""
    cx = session.catalog.store.reader()
    commits = log.newest_of(cx, [entity.id for entity in found])
    return [
        (*commits[entity.id], entity.revision, entity.updated) if entity.id in commits else ()
        for entity in found
    ]
