"""Column lineage that was read out of SQL, where nobody told it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.protocols.openlineage.conftest import (
    OTHER,
    WAREHOUSE,
    Receiver,
    data,
    facet,
    lineage,
    run_event,
    schema,
)

from lineal.graph import openlineage as names
from lineal.protocols.openlineage import sql
from lineal.protocols.openlineage.sql import Table, read

pytest.importorskip("sqlglot")

ORDERS = Table(WAREHOUSE, "shop.public.orders", ("id", "Amount", "customer_id", "status"))
PEOPLE = Table(WAREHOUSE, "shop.public.customers", ("id", "email", "name"))
UNKNOWN = Table(WAREHOUSE, "shop.public.mystery", ())
OUT = Table(WAREHOUSE, "shop.public.daily", ())


def told(
    query: str, dialect: str | None = "postgres", out: Table = OUT
) -> tuple[dict[str, set[str]], set[str], bool] | None:
    """For each column what it is made of, the columns that decide about rows, and whether that is all."""
    found = read(query, dialect, (ORDERS, PEOPLE, UNKNOWN), out)
    if found is None:
        return None
    document, complete = msgspec.json.decode(found[0]), found[1]
    fields = {
        name: {_way(each) for each in field["inputFields"]} for name, field in document["fields"].items()
    }
    return fields, {_way(each) for each in document["dataset"]}, complete


def _way(given: Any) -> str:
    (way,) = given["transformations"]
    marks = (" masked" if way["masking"] else "") + ("" if way.get("certain", True) else "?")
    return f"{given['name'].rpartition('.')[2]}.{given['field']} {way['subtype']}{marks}"


CASES = {
    "insert into public.daily (a, b) select o.amount, o.id + 1 from orders o": {
        "a": {"orders.Amount IDENTITY"}, "b": {"orders.id TRANSFORMATION"},
    },
    "create table daily as select sum(amount) as total, md5(status) as h from shop.public.orders group by status": {
        "total": {"orders.Amount AGGREGATION"}, "h": {"orders.status TRANSFORMATION masked"},
    },
    "with t as (select customer_id c, count(*) n, max(amount) m from orders group by 1)"
    " select p.name, t.m * 2 as twice from t join customers p on p.id = t.c": {
        "name": {"customers.name IDENTITY"}, "twice": {"orders.Amount AGGREGATION"},
    },
    "select id, amount from orders union all select id, null from customers": {
        "id": {"orders.id IDENTITY", "customers.id IDENTITY"}, "amount": {"orders.Amount IDENTITY"},
    },
    "select * from customers": {
        "id": {"customers.id IDENTITY"}, "email": {"customers.email IDENTITY"}, "name": {"customers.name IDENTITY"},
    },
    "select case when status = 'a' then amount end as x from orders": {
        "x": {"orders.status CONDITIONAL", "orders.Amount TRANSFORMATION"},
    },
    "select row_number() over (partition by status order by id) as n, first_value(amount) over (order by id) f"
    " from orders": {
        "n": {"orders.status WINDOW", "orders.id WINDOW"}, "f": {"orders.Amount AGGREGATION", "orders.id WINDOW"},
    },
    "select (select max(name) from customers c where c.id = o.customer_id) as who from orders o": {
        "who": {"customers.name AGGREGATION"},
    },
    "select concat(md5(email), email) as both from customers": {
        "both": {"customers.email TRANSFORMATION masked", "customers.email TRANSFORMATION"},
    },
    "select count(email) as n from customers": {"n": {"customers.email AGGREGATION masked"}},
    "select t.x from (select amount as x from public.orders) t": {"x": {"orders.Amount IDENTITY"}},
}  # fmt: skip


@pytest.mark.parametrize("query", CASES)
def test_what_columns_are_made_of(query: str) -> None:
    found = told(query)
    assert found is not None
    assert found[0] == CASES[query] and found[2]


def test_what_decides_about_rows() -> None:
    found = told(
        "select o.id from orders o join customers c on c.id = o.customer_id where c.name <> '' group by o.id"
    )
    assert found is not None
    assert found[1] == {
        "customers.id JOIN", "orders.customer_id JOIN", "customers.name FILTER", "orders.id GROUP_BY",
    }  # fmt: skip


def test_what_could_be_of_several_tables_is_not_certain() -> None:
    found = told("select id, amount, email from orders, mystery")
    assert found == (
        {
            "id": {"orders.id IDENTITY?", "mystery.id IDENTITY?"},
            "amount": {"orders.Amount IDENTITY?", "mystery.amount IDENTITY?"},
            "email": {"mystery.email IDENTITY"},
        },
        set(),
        False,
    )


def test_by_position_where_columns_have_no_names() -> None:
    out = Table(WAREHOUSE, "shop.public.daily", ("First", "Second"))
    found = told("insert into daily select amount * 2, id + 1 from orders", out=out)
    assert found is not None and found[0].keys() == {"First", "Second"} and found[2]


@pytest.mark.parametrize(
    "query",
    ["not sql at all ((", "select 1", "select * from mystery", "select x from elsewhere", "drop table daily", "",
     "merge into daily using orders on true when matched then delete", "select 1; select 2", "select " * 5000],
)  # fmt: skip
def test_what_tells_nothing(query: str) -> None:
    assert told(query) is None


@pytest.mark.parametrize(
    "dialect", ["postgres", "snowflake", "bigquery", "spark", "tsql", "duckdb", "mysql", "trino", None]
)
def test_in_any_dialect(dialect: str | None) -> None:
    found = told("SELECT o.Amount AS total FROM orders AS o", dialect)
    assert found is not None
    assert {name.lower(): ways for name, ways in found[0].items()} == {"total": {"orders.Amount IDENTITY"}}


def job(
    query: str, second: float = 0, dialect: str | None = None, run: str = OTHER, **told_of_target: Any
) -> dict[str, Any]:
    return run_event(
        "COMPLETE",
        second,
        run=run,
        job_facets={"sql": facet(query=query, **({"dialect": dialect} if dialect else {}))},
        inputs=[data("shop.public.orders", schema=schema("id", "amount"))],
        outputs=[data("shop.public.daily", **told_of_target)],
    )


class TestReceiving:
    def test_edges_and_facet(self, receiver: Receiver) -> None:
        receiver.post(job("insert into daily (total) select sum(amount) from orders"))
        ((kind, source, target, detail),) = receiver.detailed(*names.COLUMN_EDGES)
        assert (kind, source, target) == ("derived", "shop.public.orders#amount", "shop.public.daily#total")
        assert detail == {
            "type": "DIRECT", "subtype": "AGGREGATION", "masking": False, "certain": True, "by": "sql",
            "job": "nightly|load",
        }  # fmt: skip
        entity = receiver.dataset("shop.public.daily")
        assert names.DERIVED_LINEAGE in entity.facets and "columnLineage" not in entity.facets
        assert ("produces", "load", "shop.public.daily") in receiver.edges()

    def test_what_is_told_takes_its_place(self, receiver: Receiver) -> None:
        query = "insert into daily (total) select sum(amount) from orders"
        receiver.post(job(query))
        told_later = lineage(total=[("shop.public.orders", "id")])
        receiver.post(job(query, 5, columnLineage=told_later), job(query, 6))
        assert receiver.edges(*names.COLUMN_EDGES) == {
            ("derived", "shop.public.orders#id", "shop.public.daily#total")
        }
        assert names.DERIVED_LINEAGE not in receiver.dataset("shop.public.daily").facets

    def test_another_query_another_lineage(self, receiver: Receiver) -> None:
        receiver.post(job("insert into daily (total) select amount from orders"))
        receiver.forget()
        receiver.post(job("insert into daily (total) select id from orders", 5))
        assert receiver.edges("derived") == {("derived", "shop.public.orders#id", "shop.public.daily#total")}

    def test_where_not_all_can_be_followed_classifications_flow_through_the_job(
        self, receiver: Receiver
    ) -> None:
        receiver.post(job("insert into daily (total, other) select o.amount, x.y from orders o, elsewhere x"))
        assert len(receiver.edges("derived")) == 1
        assert ("output", "load", "shop.public.daily") in receiver.edges()

    def test_inputs_that_only_the_beginning_told_of(self, receiver: Receiver) -> None:
        event = job("insert into daily (total) select amount from orders", 5)
        start = {**event, "eventType": "START", "outputs": []}
        receiver.post({**start, "eventTime": "2026-03-01T10:00:00Z"}, {**event, "inputs": []})
        assert len(receiver.edges("derived")) == 1

    def test_without_the_extra_nothing_is_read(
        self, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sql, "is_installed", lambda: False)
        receiver.post(job("insert into daily (total) select amount from orders"))
        assert receiver.edges(*names.COLUMN_EDGES) == set()
        assert ("output", "load", "shop.public.daily") in receiver.edges()
