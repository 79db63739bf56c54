"""Metric points."""

from __future__ import annotations

import math
import random

import pytest

from lineal.catalog.session import Session
from lineal.graph.change import AppendPoints, PutEntity, Remove, ThePoints
from lineal.graph.errors import Invalid
from lineal.graph.model import ById, ByName, Point
from lineal.graph.query import Compare, Metric, Operator, Order, Query, attribute
from lineal.testing.store.base import Suite, commit, names, put
from lineal.testing.store.entities import same

DOUBLES = [0.0, -0.0, 1.5, -1.5, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan]
ENDS = [-(2**63), -1, 0, 1, 2**31, 2**53 + 1, 2**63 - 1]


def append(session: Session, number: int, *points: Point) -> None:
    commit(session, AppendPoints(ById(number), list(points)))


def series(session: Session, number: int, key: str = "m") -> list[tuple[int, int, float]]:
    return [(point.time, point.step, point.value) for point in session.series(ById(number), key)]


def latest(session: Session, number: int, key: str = "m") -> Point:
    return session.get(ById(number), ("metrics",)).metrics[key]


class Points(Suite):
    @pytest.mark.parametrize("many", [False, True], ids=["rows", "chunks"])
    def test_values_come_back_exactly(self, session: Session, many: bool) -> None:
        number = put(session, "r", "run")
        points = [Point("m", value, step, step) for step, value in enumerate(DOUBLES * (3 if many else 1))]
        append(session, number, *points)
        found = session.series(ById(number), "m")
        assert [point[2:] for point in found] == [point[2:] for point in points]
        assert all(same(one.value, other.value) for one, other in zip(found, points, strict=True))

    @pytest.mark.parametrize("many", [False, True], ids=["rows", "chunks"])
    def test_steps_and_times_have_64_bits(self, session: Session, many: bool) -> None:
        number = put(session, "r", "run")
        points = [Point("m", 1.0, time, step) for time in ENDS for step in (ENDS if many else ENDS[:1])]
        append(session, number, *points)
        assert series(session, number) == sorted((point.time, point.step, 1.0) for point in points)
        for time, step in ((2**63, 0), (0, 2**63), (-(2**63) - 1, 0)):
            with pytest.raises(Invalid):
                append(session, number, Point("m", 1.0, time, step))
            with pytest.raises(Invalid):
                append(session, number, *([Point("m", 1.0, time, step)] * 20))

    def test_a_point_is_there_once(self, session: Session) -> None:
        number = put(session, "r", "run")
        points = [Point("m", value, time, 1) for time in (5, 6) for value in (1.0, math.nan, -0.0, 0.0)]
        for again in (points, points, points[:1], points * 5, points):
            append(session, number, *again)
        assert len(series(session, number)) == len(points)

    def test_rows_and_chunks_are_one_series(self, session: Session) -> None:
        number = put(session, "r", "run")
        points = [Point("m", float(step % 7), step // 3, step) for step in range(300)]
        shuffled = random.Random(7).sample(points, len(points))
        for start, size in ((0, 1), (1, 100), (101, 5), (106, 60), (166, 2), (168, 132)):
            append(session, number, *shuffled[start : start + size])
        append(session, number, *shuffled[50:150])
        assert series(session, number) == sorted((point.time, point.step, point.value) for point in points)

    def test_parts_of_a_series(self, session: Session) -> None:
        number = put(session, "r", "run")
        append(session, number, *(Point("m", float(step), step, step) for step in range(100)))
        append(session, number, *(Point("m", float(step), step, step) for step in range(100, 105)))
        ref = ById(number)
        assert [point.step for point in session.series(ref, "m", steps=(97, 101))] == [97, 98, 99, 100, 101]
        assert [point.step for point in session.series(ref, "m", limit=3, offset=99)] == [99, 100, 101]
        assert session.series(ref, "m", steps=(200, 300)) == []
        assert session.series(ref, "unknown") == []
        thinned = session.series(ref, "m", buckets=10)
        assert len(thinned) <= 22
        assert (thinned[0].step, thinned[-1].step) == (0, 104)

    def test_keys_do_not_mix(self, session: Session) -> None:
        one, two = put(session, "r", "run"), put(session, "s", "run")
        append(session, one, *(Point(f"k{step % 40}", float(step), 1, step) for step in range(1000)))
        append(session, two, Point("k0", 7.0, 1, 1))
        assert [point.step for point in session.series(ById(one), "k3")] == list(range(3, 1000, 40))
        assert series(session, two, "k0") == [(1, 1, 7.0)]
        assert len(session.get(ById(one), ("metrics",)).metrics) == 40

    @pytest.mark.parametrize("together", [False, True])
    def test_the_latest_is_of_the_greatest_step_time_and_value(
        self, session: Session, together: bool
    ) -> None:
        number = put(session, "r", "run")
        ordered = [
            Point("m", 9.0, 9, 0), Point("m", 1.0, 1, 5), Point("m", -math.inf, 2, 5), Point("m", -0.0, 2, 5),
            Point("m", 0.0, 2, 5), Point("m", math.inf, 2, 5), Point("m", math.nan, 2, 5), Point("m", 0.5, 0, 6),
        ]  # fmt: skip
        for count in range(1, len(ordered) + 1):
            points = random.Random(count).sample(ordered[:count], count)
            for part in [points] if together else [[point] for point in points]:
                append(session, number, *part)
            found = latest(session, number)
            assert found[2:] == ordered[count - 1][2:]
            assert same(found.value, ordered[count - 1].value)
        append(session, number, *ordered)
        assert latest(session, number) == ordered[-1]

    def test_a_series_is_removed(self, session: Session) -> None:
        number = put(session, "r", "run")
        append(session, number, *(Point(key, 1.0, step, step) for key in ("m", "n") for step in range(20)))
        commit(session, Remove(ById(number), ThePoints("m")))
        assert series(session, number) == []
        assert list(session.get(ById(number), ("metrics",)).metrics) == ["n"]
        append(session, number, Point("m", 2.0, 1, 1))
        assert series(session, number) == [(1, 1, 2.0)]

    def test_a_search_in_the_order_of_a_metric(self, session: Session) -> None:
        home = commit(session, PutEntity(kind="experiment", name="e", unique=True))[0]
        values = {"low": 1.0, "high": 2.0, "top": math.inf, "none": None, "bad": math.nan, "least": -math.inf}
        for name, value in values.items():
            number = commit(session, PutEntity(kind="run", name=name, home=ById(home)))[0]
            if value is not None:
                append(session, number, Point("m", value, 1, 1))
        rising = ["least", "low", "high", "top"]
        for where in (attribute("home", "=", home), None):
            up = Query(kinds=["run"], where=where, order=[Order(Metric("m"))])
            down = Query(kinds=["run"], where=where, order=[Order(Metric("m"), descending=True)])
            assert names(session, up) == [*rising, "bad", "none"]
            assert names(session, down) == [*rising[::-1], "bad", "none"]
        expectations: dict[Operator, list[str]] = {
            ">": ["high", "top"],
            "<=": ["low", "least"],
            "is null": ["none"],
        }
        for op, expected in expectations.items():
            found = names(
                session, Query(kinds=["run"], where=Compare(Metric("m"), op, None if "null" in op else 1.0))
            )
            assert found == expected

    def test_points_follow_an_entity_to_another_home(self, session: Session) -> None:
        homes = [commit(session, PutEntity(kind="experiment", name=name, unique=True))[0] for name in "ab"]
        number = commit(session, PutEntity(kind="run", name="r", home=ById(homes[0])))[0]
        append(session, number, Point("m", 1.0, 1, 1))
        commit(session, PutEntity(ById(number), home=ByName("experiment", "b")))
        order = [Order(Metric("m"))]
        found = [names(session, Query(where=attribute("home", "=", home), order=order)) for home in homes]
        assert found == [[], ["r"]]
