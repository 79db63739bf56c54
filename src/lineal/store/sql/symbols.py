"""Interned text: kinds, namespaces, keys and labels are small integers in every other table."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.store.base import Connection
from lineal.store.sql.counters import take


class Symbols:
    """Text ↔ id. Ids never change or disappear, so what was read once stays right."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._texts: dict[int, str] = {}

    def forget(self) -> None:
        """Drop all, since some may come from a transaction that was undone."""
        self._ids, self._texts = {}, {}

    def find(self, cx: Connection, text: str) -> int:
        """The id of a text, or -1 when it was never interned."""
        found = self._ids.get(text)
        if found is None:
            rows = cx.execute("SELECT id FROM symbol WHERE text = ?", (text,))
            if not rows:
                return -1
            found = self._keep(rows[0][0], text)
        return found

    def intern(self, cx: Connection, text: str) -> int:
        """The id of a text, given one if it has none. Only in a write transaction."""
        found = self.find(cx, text)
        if found == -1:
            found = take(cx, "symbol")
            cx.execute("INSERT INTO symbol VALUES (?, ?)", (found, text))
            self._keep(found, text)
        return found

    def text(self, cx: Connection, number: int) -> str:
        """The text of an id that was interned."""
        try:
            return self._texts[number]
        except KeyError:
            found = str(cx.execute("SELECT text FROM symbol WHERE id = ?", (number,))[0][0])
            self._keep(number, found)
            return found

    def _keep(self, number: int, text: str) -> int:
        self._ids[text] = number
        self._texts[number] = text
        return number


def missing(cx: Connection, texts: Sequence[str]) -> list[str]:
    """Those of the texts that were never interned."""
    rows = cx.execute(f"SELECT text FROM symbol WHERE {cx.dialect.among('text')}", (cx.dialect.pack(texts),))
    known = {row[0] for row in rows}
    return [text for text in texts if text not in known]
