"""Who may send what: decided in the core, told as 403, and nothing half written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.protocols.openlineage.conftest import (
    OTHER,
    RUN,
    WAREHOUSE,
    data,
    facet,
    lineage,
    run_event,
    schema,
)

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.graph import openlineage as names
from lineal.graph.errors import Denied, NotFound
from lineal.graph.model import ByName
from lineal.protocols.openlineage.events import read
from lineal.protocols.openlineage.intake import intake_of

SOURCE, TARGET = "shop.public.orders", "shop.public.daily"
Send = Callable[..., list[Exception | None]]


@pytest.fixture
def owner(catalog: Catalog) -> Session:
    """A store with a source, a target and what is nobody's business."""
    session = catalog.session(LOCAL, "test")
    told = [data(SOURCE, schema=schema("a", "b")), data(TARGET, schema=schema("x"))]
    send(session, run_event("COMPLETE", 0, job="first", inputs=told[:1], outputs=told[1:], run=OTHER))
    send(
        session, run_event("COMPLETE", 0, job="secret", outputs=[data("hidden", "vault", schema=schema("s"))])
    )
    return session


@pytest.fixture
def producer(catalog: Catalog, owner: Session) -> Session:
    """Somebody who may do everything with jobs of one namespace and new data sets, and may look at the warehouse."""
    catalog.accounts.add_user(owner, "bot", "a long password")
    for role, value in (("editor", "nightly"), ("editor", "lake"), ("viewer", WAREHOUSE)):
        catalog.accounts.add_grant(owner, Grant(0, "bot", role, "namespace", value))
    principal = catalog.accounts.named("bot")
    assert principal is not None
    return catalog.session(principal, "openlineage")


def send(session: Session, *events: dict[str, Any]) -> list[Exception | None]:
    import json

    told = [read(json.dumps(event).encode()) for event in events]
    return asyncio.run(intake_of(session.catalog).take(session, told))


def test_what_one_may_not_edit_cannot_be_written(owner: Session, producer: Session) -> None:
    before = owner.newest()
    outputs = [data("new", "lake"), data(TARGET)]
    (error,) = send(producer, run_event("COMPLETE", 1, inputs=[data(SOURCE)], outputs=outputs))
    assert isinstance(error, Denied) and TARGET in str(error)
    assert owner.newest() == before


@pytest.mark.parametrize(
    "told", [{"columnLineage": lineage(x=[(SOURCE, "a")])}, {"documentation": facet(description="!")}]
)
def test_nor_when_columns_tell_what_flows(owner: Session, producer: Session, told: dict[str, Any]) -> None:
    before = owner.newest()
    (error,) = send(producer, run_event("COMPLETE", 1, inputs=[data(SOURCE)], outputs=[data(TARGET, **told)]))
    assert isinstance(error, Denied)
    assert owner.newest() == before


def test_what_one_may_look_at_can_be_read(owner: Session, producer: Session) -> None:
    told = data(SOURCE, schema=schema("a", "b", "c"), documentation=facet(description="not mine"))
    made = data("new", "lake", columnLineage=lineage(x=[(SOURCE, "a"), (SOURCE, "zzz")]))
    assert send(producer, run_event("COMPLETE", 1, inputs=[told], outputs=[made])) == [None]
    source = owner.get(names.dataset_ref(WAREHOUSE, SOURCE), ("properties", "facets"))
    assert "documentation" not in source.facets and "description" not in source.properties
    made_column = owner.get(names.column_ref("lake", "new", "x"), ())
    edges = owner.edges([made_column.id], names.COLUMN_EDGES, "in")
    sources = owner.get_many([each.source for each in edges], ())
    assert [each.name for each in sources] == [f"{SOURCE}#a"]


def test_owners_are_named_even_where_people_cannot_be_made(owner: Session, producer: Session) -> None:
    event = run_event("COMPLETE", 1, job_facets={"ownership": facet(owners=[{"name": "ann"}])})
    assert send(producer, event) == [None]
    assert owner.get(names.job_ref("nightly", "load"), ()).owner == "ann"
    with pytest.raises(NotFound):
        owner.get(ByName("person", "ann"), ())


@pytest.mark.parametrize("place", ["inputs", "outputs"])
def test_what_one_may_not_see_is_not_told_of(owner: Session, producer: Session, place: str) -> None:
    before = owner.newest()
    (error,) = send(
        producer, run_event("COMPLETE", 1, **{place: [data("hidden", "vault", schema=schema("s"))]})
    )
    assert isinstance(error, Denied)
    assert owner.newest() == before


def test_one_that_is_denied_does_not_keep_out_the_others(owner: Session, producer: Session) -> None:
    events = [
        run_event("COMPLETE", 1, run=RUN[:-1] + "1", job="a", outputs=[data("one", "lake")]),
        run_event("COMPLETE", 1, run=RUN[:-1] + "2", job="b", outputs=[data(TARGET)]),
        run_event("COMPLETE", 1, run=RUN[:-1] + "3", job="c", outputs=[data("two", "lake")]),
    ]
    first, second, third = send(producer, *events)
    assert (first, third) == (None, None) and isinstance(second, Denied)
    with pytest.raises(NotFound):
        owner.get(names.job_ref("nightly", "b"), ())


def test_a_caller_does_not_profit_from_what_another_was_allowed(owner: Session, producer: Session) -> None:
    outputs = [data(TARGET, schema=schema("x"))]
    assert send(owner, run_event("START", 1, outputs=outputs)) == [None]
    (error,) = send(producer, run_event("COMPLETE", 2, outputs=outputs))
    assert isinstance(error, Denied)
    assert send(owner, run_event("COMPLETE", 3, outputs=outputs)) == [None]
    assert owner.get(names.run_ref(RUN)).properties["status"] == "COMPLETED"


def test_two_callers_at_once(owner: Session, producer: Session) -> None:
    import json

    async def both() -> list[Any]:
        intake = intake_of(owner.catalog)
        told = [
            (owner if number % 2 else producer, run_event("START", number, run=f"{RUN[:-2]}{number:02}"))
            for number in range(20)
        ]
        taken = [intake.take(session, [read(json.dumps(event).encode())]) for session, event in told]
        return await asyncio.gather(*taken)

    assert asyncio.run(both()) == [[None]] * 20
    assert owner.counts()["run"] == 22
