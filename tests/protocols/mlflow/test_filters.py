"""MLflow's search languages."""

from __future__ import annotations

import pytest

from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    EdgeDetail,
    Expr,
    Metric,
    Not,
    Order,
    Property,
    Related,
)
from lineal.protocols.mlflow.errors import Refused
from lineal.protocols.mlflow.filters import (
    MODEL_ID,
    RUN_ID,
    RUN_ORDER,
    experiment_columns,
    model_columns,
    order,
    orders,
    parse,
    run_columns,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.loss < 0.5", Compare(Metric("loss"), "<", 0.5)),
        ("metric.loss>=-1e-3", Compare(Metric("loss"), ">=", -0.001)),
        ("metrics.`val loss` = 1", Compare(Metric("val loss"), "=", 1)),
        ('metrics."val/loss" > .5', Compare(Metric("val/loss"), ">", 0.5)),
        ("params.lr = '0.1'", Compare(Property("param.lr"), "=", "0.1")),
        ('parameters.lr != "0.1"', Compare(Property("param.lr"), "!=", "0.1")),
        ("param.a.b LIKE '%x_'", Compare(Property("param.a.b"), "like", "%x_")),
        ("tags.team ilike 'Red'", Compare(Property("tag.team"), "ilike", "Red")),
        ("tags.team IS NULL", Compare(Property("tag.team"), "is null", None)),
        ("tag.team is not null", Compare(Property("tag.team"), "is not null", None)),
        ("tags.`mlflow.runName` = 'x'", Compare(Attribute("name"), "=", "x")),
        ("attributes.run_name = 'it''s'", Compare(Attribute("name"), "=", "it's")),
        ("attr.`run name` = 'x'", Compare(Attribute("name"), "=", "x")),
        ("status = 'RUNNING'", Compare(Property("status"), "=", "RUNNING")),
        ("run.user_id = 'ann'", Compare(Attribute("owner"), "=", "ann")),
        ("run_id IN ('a', 'b')", Compare(RUN_ID, "in", ["a", "b"])),
        ("run_id not in ('a',)", Compare(RUN_ID, "not in", ["a"])),
        ("start_time > 1700000000000", Compare(Attribute("started"), ">", 1700000000000)),
        ("Created < 5", Compare(Attribute("started"), "<", 5)),
        ("dataset.name = 'd'", Related("input", "in", Compare(EdgeDetail("name"), "=", "d"))),
        (
            "datasets.context IN ('train')",
            Related("input", "in", Compare(EdgeDetail("context"), "in", ["train"])),
        ),
    ],
)
def test_a_clause_on_runs(text: str, expected: Expr) -> None:
    assert parse(text, run_columns) == [expected]


def test_nan_differs_from_every_number() -> None:
    expected = And([Compare(Metric("m"), "is not null"), Not(Compare(Metric("m"), "=", 1))])
    assert parse("metrics.m != 1", run_columns) == [expected]


def test_clauses_are_joined_by_and() -> None:
    assert len(parse("params.a = 'AND' and metrics.b > 1  AND tags.c = \"x\"", run_columns)) == 3
    assert parse("", run_columns) == []
    assert parse("   ", run_columns) == []


@pytest.mark.parametrize(
    "text",
    [
        "params.a = 'x' OR params.b = 'y'",
        "(params.a = 'x')",
        "params.a = 'x' params.b = 'y'",
        "params.a = 'x' AND",
        "params.a = x",
        "params.a = 1",
        "params.a < 'x'",
        "params.a = 'x",
        "params.a",
        "params.a =",
        "params.a == 'x'",
        "params.a IN ('x')",
        "metrics.a = 'x'",
        "metrics.a LIKE 'x'",
        "metrics.a IS NULL",
        "metrics.a > 1.2.3",
        "start_time > 'x'",
        "run_name IN ('x')",
        "run_id IN ()",
        "run_id IN ('a' 'b')",
        "run_id = ('a')",
        "status IN 'x'",
        "wrong.a = 'x'",
        "wrong = 'x'",
        "dataset.wrong = 'x'",
        "params.a-b = 'x'",
        "tags.a NOT LIKE 'x'",
        "; DROP TABLE runs",
        "params.a = 'x' -- AND",
        "9" * 1000 + "x = 'a'",
    ],
)
def test_what_is_not_of_the_language_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(text, run_columns)
    assert caught.value.code == "INVALID_PARAMETER_VALUE"


def test_a_filter_has_limits() -> None:
    with pytest.raises(Refused, match="clauses"):
        parse(" AND ".join(["params.a = 'x'"] * 500), run_columns)
    with pytest.raises(Refused, match="characters"):
        parse("params.a = '" + "x" * 200_000 + "'", run_columns)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.loss DESC", Order(Metric("loss"), descending=True)),
        ("metrics.`a b` asc", Order(Metric("a b"))),
        ("params.lr", Order(Property("param.lr"))),
        ("start_time DESC", Order(Attribute("started"), descending=True)),
        ('tags."mlflow.source.name" DESC', Order(Property("tag.mlflow.source.name"), descending=True)),
    ],
)
def test_order_by(text: str, expected: Order) -> None:
    assert order(text, run_columns) == expected


@pytest.mark.parametrize(
    "text", ["", "metrics.loss down", "metrics.loss DESC ASC", "dataset.name", "wrong.a", "'x'"]
)
def test_what_cannot_be_ordered_by_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        order(text, run_columns)


def test_an_order_is_completed() -> None:
    by_metric = Order(Metric("m"))
    assert orders(["metrics.m"], run_columns, RUN_ORDER) == [by_metric, *RUN_ORDER]
    assert orders(["start_time"], run_columns, RUN_ORDER) == [Order(Attribute("started")), RUN_ORDER[1]]
    with pytest.raises(Refused, match="duplicate"):
        orders(["metrics.m", "metric.m DESC"], run_columns, RUN_ORDER)


def test_experiments_and_models_have_their_own_names() -> None:
    assert parse("name LIKE 'a%'", experiment_columns) == [Compare(Attribute("name"), "like", "a%")]
    assert parse("creation_time > 3", experiment_columns) == [Compare(Attribute("created"), ">", 3)]
    assert parse("status = 'READY'", model_columns) == [
        Compare(Property("status"), "=", "LOGGED_MODEL_READY")
    ]
    assert parse("model_id IN ('m-1', 'm-2')", model_columns) == [Compare(MODEL_ID, "in", ["m-1", "m-2"])]
    assert parse("creation_timestamp < 1", model_columns) == [Compare(Attribute("created"), "<", 1)]
    for text, columns in [("metrics.a > 1", experiment_columns), ("status = 'SOON'", model_columns)]:
        with pytest.raises(Refused):
            parse(text, columns)
