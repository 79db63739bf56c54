"""A change that is large enough for its addresses to be looked up at once does the same as many small ones."""

from __future__ import annotations

import pytest

from lineal.catalog.ahead import FEW
from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.change import (
    AnyOperation,
    Change,
    PutEdge,
    PutEntity,
    PutFacet,
    PutRecords,
    Remove,
    TheEdge,
)
from lineal.graph.errors import Conflict
from lineal.graph.model import ByExternal, ById, ByName, External

MANY = FEW * 3


def data(number: int | str) -> ByName:
    return ByName("dataset", f"d{number}", "lake")


def test_what_is_there_and_what_is_new(session: Session) -> None:
    session.commit(
        Change([PutEntity(data(each), kind="dataset", properties={"a": 1}) for each in range(MANY)])
    )
    operations: list[AnyOperation] = []
    for each in range(2 * MANY):
        run = ByExternal("test.run", str(each))
        operations += [
            PutEntity(data(each), kind="dataset", properties={"a": 1, "b": each}),
            PutEntity(run, kind="run", name=f"r{each}"),
            PutEdge("input", data(each), run, {"first": 1}),
            PutEdge("input", data(each), run, {"second": 2}),
            PutFacet(run, "notes", each),
            PutFacet(run, "notes", -each),
            PutRecords(data(each), {"k": each}),
            PutRecords(data(each), {"k": -each, "l": 0}),
            PutEntity(data(each), properties={"b": None, "c": 1.5}),
        ]
    newest = session.commit(Change(operations)).id
    for each in (0, MANY, 2 * MANY - 1):
        found = session.get(data(each))
        assert found.properties == {"a": 1, "c": 1.5}
        (edge,) = session.edges([found.id], ["input"], "out")
        assert edge.detail == {"first": 1, "second": 2}
        assert session.get(ByExternal("test.run", str(each)), ("facets",)).facets == {"notes": -each}
        assert {record.key: record.document for record in session.records(data(each))} == {"k": -each, "l": 0}
    assert session.commit(Change([each for each in operations if isinstance(each, PutEdge)])).id == 0
    assert session.newest() == newest


def test_what_is_taken_by_then(session: Session) -> None:
    ids = session.commit(Change([PutEntity(data(each), kind="dataset") for each in range(MANY)])).entities
    others: list[AnyOperation] = [PutEntity(data(f"x{each}"), kind="dataset") for each in range(MANY)]
    for more in (
        [PutEntity(ById(ids[0]), name="new", unique=True), PutEntity(ById(ids[1]), name="new", unique=True)],
        [PutEntity(data(each), external=[External("erp", "1")]) for each in (0, 1)],
    ):
        with pytest.raises(Conflict):
            session.commit(Change([*others, *more]))
    edge = PutEdge("derived", data("x0"), data("x1"))
    again = Remove(data("x0"), TheEdge("derived", data("x1")))
    session.commit(Change([*others, edge, again, edge]))
    assert len(session.edges([session.get(data("x0")).id], ["derived"], "out")) == 1


@pytest.mark.parametrize("count", [1, MANY])
def test_data_by_another_of_its_names(session: Session, count: int) -> None:
    alias = names.alias_ref("s3://lake", "d")
    put = PutEntity(data("named"), kind="dataset", external=[External(alias.protocol, alias.id)])
    number = session.commit(Change([put])).entities[0]
    others = [PutEntity(data(each), kind="dataset") for each in range(count)]
    again = PutEntity(ByName("dataset", "d", "s3://lake"), kind="dataset")
    assert session.commit(Change([*others, again])).entities[-1] == number
    assert session.get(ByName("artifact", "d", "s3://lake")).id == number
