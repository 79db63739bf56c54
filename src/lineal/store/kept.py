"""Statements that are kept back, so that many of them go to the database in one round trip."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

_TARGET = re.compile(r"(?:INSERT INTO|DELETE FROM|UPDATE) (\w+)")
_ANSWERS = ("SELECT", "WITH")
Params = Sequence[Any]


class Statement(NamedTuple):
    """What must be known of a statement to keep it back.

    Attributes:
        text: its SQL.
        target: the table it writes, when nobody waits for its rows; else empty.
        alone: whether it looks at no other table.
        answers: whether it has rows to answer.
        words: every table it may touch is among them.
    """

    text: str
    target: str
    alone: bool
    answers: bool
    words: frozenset[str]


@functools.lru_cache(maxsize=2000)
def statement(sql: str) -> Statement:
    """Look at a statement, once."""
    words = frozenset(re.findall(r"\w+", sql))
    answers = sql.startswith(_ANSWERS) or "RETURNING" in words
    found = None if answers else _TARGET.match(sql)
    return Statement(sql, found[1] if found else "", "SELECT" not in words, answers, words)


class Group(NamedTuple):
    """One statement and the parameters it runs with, one after another."""

    statement: Statement
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
        if number < 0 or self._groups[number].statement is not kept:
            number = self._begin(kept)
        group = self._groups[number].rows
        before = len(group)
        group.extend(rows)
        self.size += len(group) - before

    def _begin(self, kept: Statement) -> int:
        if not kept.alone:
            # It looks at what came before, which nothing that comes later may join.
            self._latest.clear()
        self._groups.append(Group(kept, []))
        if kept.alone:
            self._latest[kept.target] = len(self._groups) - 1
        return len(self._groups) - 1

    def take(self) -> list[Group]:
        """All groups in order; none is kept any longer."""
        return self._keep([], self._groups)

    def take_for(self, asked: Statement) -> list[Group]:
        """Those groups that a statement might see, in order; the others are kept on."""
        concerned: list[Group] = []
        others: list[Group] = []
        for group in self._groups:
            (concerned if group.statement.target in asked.words else others).append(group)
        if concerned and not all(group.statement.alone for group in self._groups):
            return self.take()
        return self._keep(others, concerned)

    def _keep(self, kept: list[Group], taken: list[Group]) -> list[Group]:
        if taken:
            self._groups = kept
            self._latest = {group.statement.target: number for number, group in enumerate(kept)}
            self.size = sum(len(group.rows) for group in kept)
        return taken
