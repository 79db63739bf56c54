"""What the writer thread keeps between changes."""

from __future__ import annotations

import time

import msgspec

from lineal.catalog.nodes import Nodes
from lineal.graph.types import AnyDef, Types
from lineal.store.base import Connection
from lineal.store.sql import counters, definitions, text
from lineal.store.sql.symbols import Symbols

_DECODER = msgspec.json.Decoder(AnyDef)
_WORDS = 200_000


def load_types(cx: Connection) -> Types:
    """All definitions in a store."""
    return Types(_DECODER.decode(document) for document in definitions.all_of(cx))


class Writing:
    """Caches of the writer, which sees its own transaction. `forget` after one was undone."""

    def __init__(self) -> None:
        self.symbols = Symbols()
        self.nodes = Nodes(self.symbols)
        self._types: Types | None = None
        self._words: set[str] = set()
        self._last = 0
        self._stamp: counters.Stamp | None = None
        self.metric_keys: dict[str, int] = {}

    def forget(self) -> None:
        """Drop everything."""
        self.symbols.forget()
        self.nodes.forget()
        self._types = None
        self._words.clear()
        self.metric_keys = {}

    def overtaken(self, cx: Connection) -> None:
        """Drop what another process may have changed; interned text stays unless it replaced the store."""
        before, self._stamp = self._stamp, counters.stamp(cx)
        if before is None or before[0] != self._stamp[0]:
            self.forget()
        elif before != self._stamp:
            self._types = None
        self.nodes.forget()

    def metric_key(self, cx: Connection, key: str) -> int:
        """The interned key of a metric."""
        found = self.metric_keys.get(key)
        if found is None:
            found = self.metric_keys[key] = self.symbols.intern(cx, key)
        return found

    def types(self, cx: Connection) -> Types:
        """All definitions."""
        if self._types is None:
            self._types = load_types(cx)
        return self._types

    def put_type(self, cx: Connection, definition: AnyDef) -> bool:
        """Store a definition; whether that altered anything."""
        types = self.types(cx)
        if definition in types.all():
            return False
        changed = types.with_(definition)
        category = type(definition).__struct_config__.tag
        definitions.put(cx, str(category), definition.name, msgspec.json.encode(definition).decode())
        self._types = changed
        return True

    def take(self, cx: Connection, counter: str) -> int:
        """The next number of a series."""
        return counters.take(cx, counter)

    def now(self) -> int:
        """Milliseconds since the epoch, never going back."""
        self._last = max(self._last, int(time.time() * 1000))
        return self._last

    def learn(self, cx: Connection, found: set[str]) -> None:
        """Keep words for spelling."""
        new = text.spellable(found) - self._words
        if new:
            text.learn(cx, sorted(new))
            self._words = new if len(self._words) > _WORDS else self._words | new
