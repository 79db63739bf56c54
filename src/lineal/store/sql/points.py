"""Metric points: single values as rows, batches of one series as chunks of columns, the latest in a table of its own.

A chunk is three arrays of 8-byte values (steps, times, values), little-endian, one after another. Values are kept
in rows as `bits`: the IEEE 754 pattern mapped so that integers order as the numbers do, NaN last.
"""

from __future__ import annotations

import math
import operator
import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lineal.graph.errors import Invalid
from lineal.graph.model import Point
from lineal.store.base import Connection, Row

CHUNK_FROM = 16
_MASK = 0x7FFF_FFFF_FFFF_FFFF
_DOUBLE, _LONG = struct.Struct("<d"), struct.Struct("<q")
_PUT_POINT = "INSERT INTO point VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_PUT_CHUNK = "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?)"
_PUT_LATEST = (
    "INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (entity, key) DO UPDATE SET home=excluded.home,"
    " value=excluded.value, bits=excluded.bits, step=excluded.step, time=excluded.time"
    " WHERE (excluded.step, excluded.time, excluded.bits) > (latest.step, latest.time, latest.bits)"
)


_ROWS = "SELECT time, step, bits FROM point WHERE entity=? AND key=? AND step BETWEEN ? AND ? ORDER BY time, step, bits"
_CHUNKS = "SELECT size, data FROM chunk WHERE entity=? AND key=? AND last_step >= ? AND first_step <= ? ORDER BY number"


def to_bits(value: float) -> int:
    """A double as an integer of the same order."""
    bits: int = _LONG.unpack(_DOUBLE.pack(value))[0]
    return bits if bits >= 0 else bits ^ _MASK


def from_bits(bits: int) -> float:
    """The inverse of `to_bits`."""
    value: float = _DOUBLE.unpack(_LONG.pack(bits if bits >= 0 else bits ^ _MASK))[0]
    return value


def append(cx: Connection, entity: int, home: int, number: int, series: Mapping[int, list[Point]]) -> None:
    """Add points by interned key. `number` tells chunks of one series apart.

    Raises:
        Invalid: a step, a time or a value does not fit in 64 bits.
    """
    try:
        if len(series) == 1 and len(only := next(iter(series.items()))[1]) == 1:
            _append_one(cx, entity, home, next(iter(series)), only[0])
        else:
            _append_many(cx, entity, home, number, series)
    except (OverflowError, struct.error):
        raise Invalid("a step, a time or a value does not fit in 64 bits") from None


def _append_many(
    cx: Connection, entity: int, home: int, number: int, series: Mapping[int, list[Point]]
) -> None:
    rows = [
        (entity, key, p.step, p.time, to_bits(p.value))
        for key, found in series.items()
        if len(found) < CHUNK_FROM
        for p in found
    ]
    if rows:
        array("q", [stamp for row in rows for stamp in row[2:4]])  # overflows here, not when the row is sent
        cx.many(_PUT_POINT, rows)
    long = [(key, found) for key, found in series.items() if len(found) >= CHUNK_FROM]
    if long:
        cx.many(_PUT_CHUNK, [_chunk(entity, key, number, found) for key, found in long])
    cx.many(_PUT_LATEST, [_latest(entity, home, key, found) for key, found in series.items()])


def _append_one(cx: Connection, entity: int, home: int, key: int, point: Point) -> None:
    bits = to_bits(point.value)
    array("q", (point.step, point.time))  # overflows here, not when the row is sent
    cx.execute(_PUT_POINT, (entity, key, point.step, point.time, bits))
    cx.execute(_PUT_LATEST, (entity, key, home, _number(point.value), bits, point.step, point.time))


def _chunk(entity: int, key: int, number: int, points: list[Point]) -> tuple[object, ...]:
    values, times, steps = zip(*[point[1:] for point in points], strict=True)
    data = array("q", steps).tobytes() + array("q", times).tobytes() + array("d", values).tobytes()
    return entity, key, number, len(points), min(steps), max(steps), data


def _latest(entity: int, home: int, key: int, points: list[Point]) -> tuple[object, ...]:
    step, time = max([(point.step, point.time) for point in points])
    bits = max(to_bits(point.value) for point in points if point.step == step and point.time == time)
    return entity, key, home, _number(from_bits(bits)), bits, step, time


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


class Columns(NamedTuple):
    """Points of one series as three columns of equal length."""

    times: array[int]
    steps: array[int]
    values: array[float]

    def rows(self) -> Iterator[tuple[int, int, float]]:
        """(time, step, value) of each point."""
        return zip(self.times, self.steps, self.values, strict=True)


def series(cx: Connection, entity: int, key: int, steps: tuple[int, int] | None) -> Columns:
    """All points of one series, distinct, ordered by time, step and value."""
    low, high = steps or (-(2**63), 2**63 - 1)
    span = (entity, key, low, high)
    rows = cx.execute(_ROWS, span)
    found = _from_rows(rows)
    for size, data in cx.execute(_CHUNKS, span):
        _extend(found, size, data)
    return _ordered(found if steps is None else _within(found, low, high))


def _from_rows(rows: list[Row]) -> Columns:
    if not rows:
        return Columns(array("q"), array("q"), array("d"))
    times, steps, bits = zip(*rows, strict=True)
    values = array("d")
    values.frombytes(array("q", [each if each >= 0 else each ^ _MASK for each in bits]).tobytes())
    return Columns(array("q", times), array("q", steps), values)


def _extend(found: Columns, size: int, data: bytes) -> None:
    length = 8 * size
    found.steps.frombytes(data[:length])
    found.times.frombytes(data[length : 2 * length])
    found.values.frombytes(data[2 * length :])


def _within(found: Columns, low: int, high: int) -> Columns:
    return _columns([row for row in found.rows() if low <= row[1] <= high])


def _ordered(found: Columns) -> Columns:
    """Sorted and distinct. Two NaN are one point; they compare by bits."""
    if all(map(operator.lt, found.times, found.times[1:])):
        return found
    keyed = sorted({(time, step, to_bits(value)) for time, step, value in found.rows()})
    return _columns([(time, step, from_bits(bits)) for time, step, bits in keyed])


def _columns(rows: list[tuple[int, int, float]]) -> Columns:
    times, steps, values = zip(*rows, strict=True) if rows else ((), (), ())
    return Columns(array("q", times), array("q", steps), array("d", values))


def latest(cx: Connection, entities: Sequence[int]) -> list[Row]:
    """(entity, key, value, bits, step, time) of the newest point of each series; a value of None is NaN."""
    sql = f"SELECT entity, key, value, bits, step, time FROM latest WHERE {cx.dialect.among('entity')}"
    return cx.execute(sql, (cx.dialect.pack(entities),))


def move(cx: Connection, entity: int, home: int) -> None:
    """Follow an entity to another home."""
    cx.execute("UPDATE latest SET home = ? WHERE entity = ?", (home, entity))


def delete(cx: Connection, entity: int, key: int) -> bool:
    """Remove one series; whether there was one."""
    if not cx.execute("SELECT 1 FROM latest WHERE entity = ? AND key = ?", (entity, key)):
        return False
    for table in ("point", "chunk", "latest"):
        cx.execute(f"DELETE FROM {table} WHERE entity = ? AND key = ?", (entity, key))
    return True
