"""Statements that are kept back, so that many of them go to the database in one round trip."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

_TARGET = re.compile(r"(?:INSERT INTO|DELETE FROM|UPDATE) (\w+)")
Params = Sequence[Any]


class Statement(NamedTuple):
    """What must be known of a statement to keep it back.

    Attributes:
        text: its SQL.
        target: the table it writes, when nobody waits for its rows; else empty.
        alone: whether it looks at no other table.
        words: every table it may touch is among them.
    """

    text: str
    target: str
    alone: bool
    words: frozenset[str]
    answers: bool


@functools.lru_cache(maxsize=2000)
def statement(sql: str) -> Statement:
    """Look at a statement, once."""
    words = frozenset(re.findall(r"\w+", sql))
    found = _TARGET.match(sql)
    target = found[1] if found and "RETURNING" not in words else ""
    return Statement(sql, target, "SELECT" not in words, words, sql.startswith(("SELECT", "WITH")) or "RETURNING" in words)


class Group(NamedTuple):
    """One statement and the parameters it runs with, one after another."""

    text: str
    rows: list[Params]


class Kept:
    """What is kept back, in an order that leaves the same behind as if each statement had run at once.

    A statement joins an earlier group of the same text unless its table was written in another way in between.
    """

    def __init__(self) -> None:
        self._groups: list[Group] = []
        self._latest: dict[str, int] = {}
        self.size = 0

    def add(self, kept: Statement, rows: Iterable[Params]) -> None:
        """Keep a statement back, to run once for each row of parameters."""
        number = self._latest.get(kept.target, -1)
        if number < 0 or self._groups[number].text != kept.text:
            number = self._begin(kept)
        group = self._groups[number].rows
        self.size -= len(group)
        group.extend(rows)
        self.size += len(group)

    def _begin(self, kept: Statement) -> int:
        self._groups.append(Group(kept.text, []))
        if not kept.alone:
            # It looks at what came before, so nothing that comes later may overtake it.
            self._latest.clear()
        else:
            self._latest[kept.target] = len(self._groups) - 1
        return len(self._groups) - 1

    def take(self) -> list[Group]:
        """All groups in order; none is kept any longer."""
        groups, self._groups = self._groups, []
        self._latest.clear()
        self.size = 0
        return groups

    def concerns(self, words: frozenset[str]) -> bool:
        """Whether a statement with these words might see what is kept back."""
        return any(_target(group.text) in words for group in self._groups)


def _target(sql: str) -> str:
    return statement(sql).target
