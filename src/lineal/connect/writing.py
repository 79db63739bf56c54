"""Few large commits out of many small pieces, of which a bad one spoils no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from lineal.client import Client
from lineal.connect.report import Report
from lineal.graph.change import AnyOperation, AppendPoints, Change
from lineal.graph.errors import Conflict, Invalid, NotFound

HEAVIEST = 1 << 20
"""Bytes of a commit, roughly; beyond that others who write would wait too long."""
_POINT = 40


class Piece(NamedTuple):
    """Operations that are applied together, and what they are about."""

    what: str
    id: str
    operations: list[AnyOperation]


class Writing:
    """Gathers pieces and commits them in order.

    Args:
        client: of the store.
        report: hears of every piece that is refused.
        note: what the history says about the commits.
    """

    def __init__(self, client: Client, report: Report, note: str) -> None:
        self._client = client
        self._report = report
        self._note = note
        self._waiting: list[Piece] = []
        self._weight = 0

    def add(self, what: str, number: str, operations: list[AnyOperation]) -> None:
        """Write these by and by."""
        if operations:
            self._waiting.append(Piece(what, number, operations))
            self._weight += sum(map(_weight, operations))
            if self._weight >= HEAVIEST:
                self.flush()

    def flush(self) -> None:
        """Write what waits."""
        pieces, self._waiting, self._weight = self._waiting, [], 0
        if pieces:
            self._commit(pieces)

    def _commit(self, pieces: Sequence[Piece]) -> None:
        """All of them together; when that is refused, each half by itself, down to the guilty one."""
        operations = [each for piece in pieces for each in piece.operations]
        try:
            self._client.commit(Change(operations, self._note))
        except (Invalid, Conflict, NotFound) as error:
            if len(pieces) == 1:
                self._report.failed(pieces[0].what, pieces[0].id, str(error))
                return
            middle = len(pieces) // 2
            self._commit(pieces[:middle])
            self._commit(pieces[middle:])


def _weight(operation: AnyOperation) -> int:
    if isinstance(operation, AppendPoints):
        return _POINT * len(operation.points)
    return _size(msgspec.structs.astuple(operation))


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _size(each) for key, each in value.items())
    return sum(map(_size, value)) if isinstance(value, list | tuple) else 8
