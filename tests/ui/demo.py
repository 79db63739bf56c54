"""A made-up company's graph, large enough to look at: tables with columns, jobs, training runs, models.

By hand, into a new folder with so many runs: `python -m tests.ui.demo FOLDER 10000`.
"""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lineal import Client
from lineal.graph.change import AnyOperation, AppendPoints, Change, PutEdge, PutEntity, PutFacet, PutLabel
from lineal.graph.model import ByName, Entity, External, Local, Point
from lineal.graph.query import Metric, Order, Query, attribute

WAREHOUSE = "postgres://warehouse:5432"
LAKE = "s3://lake"
DAY = 86_400_000
BATCH = 500

TABLES: dict[str, tuple[str, str, str]] = {
    "shop.raw.customers": ("ingest", "mia", "id bigint, email text, country text, born date"),
    "shop.raw.orders": ("ingest", "mia", "id bigint, customer_id bigint, total numeric, at timestamp"),
    "shop.raw.events": ("ingest", "jonas", "session uuid, customer_id bigint, page text, at timestamp"),
    "shop.staging.customers": ("dbt", "mia", "id bigint, email text, region text, age int"),
    "shop.staging.orders": ("dbt", "mia", "id bigint, customer_id bigint, total_eur numeric, at timestamp"),
    "shop.mart.revenue_daily": ("dbt", "ines", "day date, region text, revenue numeric, orders bigint"),
    "shop.mart.customer_360": (
        "dbt",
        "ines",
        "id bigint, email text, orders_90d int, spent_90d numeric, visits_30d int",
    ),
    "features.churn": (
        "feature store",
        "ravi",
        "customer_id bigint, orders_90d int, spent_90d double, visits_30d int, age int",
    ),
}
DEVICE = {
    "name": "device",
    "type": "struct",
    "fields": [
        {"name": "os", "type": "text"},
        {"name": "size", "type": "struct", "fields": [{"name": "width", "type": "int"}]},
    ],
}
FLOWS: list[tuple[str, list[str], list[str]]] = [
    ("load shop", [], ["shop.raw.customers", "shop.raw.orders"]),
    ("collect clicks", [], ["shop.raw.events"]),
    ("stg_customers", ["shop.raw.customers"], ["shop.staging.customers"]),
    ("stg_orders", ["shop.raw.orders"], ["shop.staging.orders"]),
    ("revenue_daily", ["shop.staging.orders", "shop.staging.customers"], ["shop.mart.revenue_daily"]),
    (
        "customer_360",
        ["shop.staging.customers", "shop.staging.orders", "shop.raw.events"],
        ["shop.mart.customer_360"],
    ),
    ("churn features", ["shop.mart.customer_360"], ["features.churn"]),
]
COLUMN_FLOWS = [
    ("shop.raw.customers", "email", "shop.staging.customers", "email"),
    ("shop.raw.customers", "born", "shop.staging.customers", "age"),
    ("shop.raw.customers", "country", "shop.staging.customers", "region"),
    ("shop.raw.orders", "total", "shop.staging.orders", "total_eur"),
    ("shop.staging.customers", "email", "shop.mart.customer_360", "email"),
    ("shop.staging.orders", "total_eur", "shop.mart.revenue_daily", "revenue"),
    ("shop.staging.orders", "total_eur", "shop.mart.customer_360", "spent_90d"),
    ("shop.raw.events", "page", "shop.mart.customer_360", "visits_30d"),
    ("shop.mart.customer_360", "spent_90d", "features.churn", "spent_90d"),
    ("shop.mart.customer_360", "orders_90d", "features.churn", "orders_90d"),
    ("shop.mart.customer_360", "visits_30d", "features.churn", "visits_30d"),
    ("shop.staging.customers", "age", "features.churn", "age"),
]
ABOUT = {
    "shop.mart.customer_360": "**One row for each customer**, with what they did lately.\n\n"
    "- refreshed every night at 02:00\n- `spent_90d` is in euros\n\nAsk *Ines* before you join it to anything public.",
    "shop.mart.revenue_daily": "Revenue by day and region, as finance reports it.",
    "features.churn": "What the churn model sees. One row for each customer and day.",
}


def fill(client: Client, runs: int = 60, moment: int | None = None) -> None:
    """Fill a store.

    Args:
        client: of the store.
        runs: how many training runs there are to be.
        moment: the present (ms since the epoch).
    """
    now = moment or time.time_ns() // 1_000_000
    client.commit(Change([*_warehouse(now)], "the warehouse is described"))
    email = ByName("column", "shop.raw.customers.email", WAREHOUSE)
    client.commit(Change([PutLabel(email, "personal data")], "e-mail addresses are personal"))
    for batch in _batches(_runs(runs, now), BATCH):
        client.commit(Change(batch))
    _models(client, now)


def _warehouse(now: int) -> Iterator[AnyOperation]:
    for name, (tool, owner, text) in TABLES.items():
        columns = dict(each.split() for each in text.split(", "))
        yield _put(
            "dataset", name, owner=owner, namespace=WAREHOUSE, properties=_about(name), updated=now - DAY
        )
        fields: list[Any] = [{"name": each, "type": type_} for each, type_ in columns.items()]
        if name == "shop.raw.events":
            fields.append(DEVICE)
        yield PutFacet(Local(name), "schema", {"fields": fields}, tool)
        yield PutFacet(Local(name), "statistics", _statistics(name, columns), tool)
        for column in columns:
            yield _put("column", f"{name}.{column}", namespace=WAREHOUSE, home=Local(name))
    for job, reads, writes in FLOWS:
        yield _put("job", job, namespace="airflow" if not reads else "dbt", owner="mia")
        yield from (PutEdge("input", Local(each), Local(job)) for each in reads)
        yield from (PutEdge("output", Local(job), Local(each)) for each in writes)
    for source, column, target, made in COLUMN_FLOWS:
        yield PutEdge("derived", Local(f"{source}.{column}"), Local(f"{target}.{made}"))
    for name, source in (
        ("Revenue", "shop.mart.revenue_daily"),
        ("Customers at a glance", "shop.mart.customer_360"),
    ):
        yield _put("dashboard", name, namespace="metabase", owner="lea")
        yield PutEdge("derived", Local(source), Local(name))
    yield PutLabel(Local("shop.mart.revenue_daily"), "gold", "tag")


def _about(name: str) -> dict[str, Any]:
    rows = random.Random(name).randrange(20_000, 9_000_000)
    return {"rows": rows} | ({"description": ABOUT[name]} if name in ABOUT else {})


def _statistics(name: str, columns: dict[str, str]) -> dict[str, Any]:
    chance = random.Random(name)
    return {
        "row_count": _about(name)["rows"],
        "columns": {each: _column(chance, type_) for each, type_ in columns.items()},
    }


def _column(chance: random.Random, type_: str) -> dict[str, Any]:
    known: dict[str, Any] = {
        "null_count": chance.choice([0, 0, 0, 412, 18_203]),
        "distinct_count": chance.randrange(4, 400_000),
    }
    if type_ in ("numeric", "double", "int", "bigint"):
        middle, spread = chance.uniform(20, 200), chance.uniform(0.3, 1.1)
        at = {q: round(middle * math.exp(spread * z), 2) for q, z in _NORMAL.items()}
        known |= {"min": at["0"], "max": at["1"], "mean": round(middle * 1.2, 2), "quantiles": at}
    return known


_NORMAL = {
    "0": -2.6,
    "0.05": -1.64,
    "0.1": -1.28,
    "0.25": -0.67,
    "0.5": 0.0,
    "0.75": 0.67,
    "0.9": 1.28,
    "0.95": 1.64,
    "1": 2.6,
}
EXPERIMENTS = {"Churn": "ravi", "Next basket": "zoe", "Fraud": "tom", "Search ranking": "zoe"}


def _runs(count: int, now: int) -> Iterator[list[AnyOperation]]:
    chance = random.Random(7)
    yield [_put("experiment", name, owner=owner, namespace="ml") for name, owner in EXPERIMENTS.items()]
    for number in range(count):
        name = list(EXPERIMENTS)[0 if number % 2 else chance.randrange(4)]
        yield [*_run(chance, number, count, name, now)]


def _run(chance: random.Random, number: int, count: int, experiment: str, now: int) -> Iterator[AnyOperation]:
    rate, depth = 10 ** chance.uniform(-3.5, -0.5), chance.choice([3, 4, 6, 8, 12])
    started = now - (count - number) * min(DAY // 4, 90 * DAY // count) - 40_000
    took = chance.randrange(20_000, 3_000_000)
    failed, running = chance.random() < 0.06, number == count - 1
    handle = f"run{number}"
    status = "RUNNING" if running else "FAILED" if failed else "FINISHED"
    properties = {
        "status": status,
        "param.learning_rate": f"{rate:.5f}",
        "param.max_depth": str(depth),
        "param.booster": chance.choice(["gbtree", "dart", "gblinear"]),
        "param.subsample": f"{chance.uniform(0.5, 1):.2f}",
        "param.seed": str(number % 5),
        "tag.team": "growth" if experiment != "Fraud" else "risk",
        "tag.mlflow.source.git.commit": f"{chance.getrandbits(160):040x}",
    }
    yield PutEntity(
        kind="run",
        name=f"{chance.choice(_FIRST)}-{chance.choice(_SECOND)}-{number}",
        namespace="ml",
        owner=EXPERIMENTS[experiment],
        home=ByName("experiment", experiment, "ml"),
        started=started,
        ended=None if running else started + took,
        properties=properties,
        external=[External("mlflow.run", f"{number:032x}")],
        handle=handle,
    )
    yield AppendPoints(
        Local(handle), [*_points(chance, rate, depth, started, 60 if count > 500 else 300, failed)]
    )
    if number % max(1, count // 40) == 0:
        yield PutEdge("input", ByName("dataset", "features.churn", WAREHOUSE), Local(handle))


_FIRST = ["amber", "brisk", "calm", "dusty", "eager", "fancy", "gentle", "hardy", "ivory", "jolly"]
_SECOND = ["otter", "heron", "lynx", "marten", "finch", "badger", "ibex", "stoat", "crane", "vole"]


def _points(
    chance: random.Random, rate: float, depth: int, started: int, steps: int, failed: bool
) -> Iterator[Point]:
    goal = 0.25 + 0.1 * abs(math.log10(rate) + 1.6) + 0.02 * abs(depth - 6)
    for step in range(steps // 3 if failed else steps):
        fall = math.exp(-step * (0.01 + rate) * 300 / steps)
        at = started + step * 2000
        yield Point("train/loss", goal + 0.9 * fall + chance.gauss(0, 0.015), at, step)
        yield Point("val/loss", goal * 1.15 + 0.8 * fall + 0.0001 * step + chance.gauss(0, 0.03), at, step)
    yield Point("val/auc", round(0.97 - goal / 4 + chance.gauss(0, 0.008), 5), started, 0)
    yield Point("val/accuracy", round(0.95 - goal / 3 + chance.gauss(0, 0.01), 5), started, 0)


def _models(client: Client, now: int) -> None:
    features = client.get(ByName("dataset", "features.churn", WAREHOUSE))
    for name, owner, versions in (("churn", "ravi", 5), ("fraud-score", "tom", 3), ("next-basket", "zoe", 1)):
        model = client.put(
            "model",
            name,
            namespace="ml",
            owner=owner,
            properties={"description": f"Scores for {name}, made every night.", "last_version": versions},
        )
        for number, run in enumerate(_best(client, EXP_OF[name], versions), 1):
            auc = run.metrics.get("val/auc")
            version = client.put(
                "model_version",
                f"{name}/{number}",
                namespace="ml",
                home=model,
                owner=owner,
                created=now - (versions - number) * 9 * DAY,
                properties={"version": number, "param.max_depth": run.properties.get("param.max_depth", "6")},
                external=[External("mlflow.model_version", f"{model.uuid}/{number}")],
            )
            client.link(model, "version", version)
            client.link(run, "output", version)
            client.link(features, "input", run)
            client.log(version, {"val/auc": auc.value if auc else 0.9 + number / 100})
        alias = "champion"
        client.put("model", name, namespace="ml", properties={f"alias.{alias}": number})
        pointer = client.put(
            "alias", f"{name}@{alias}", namespace="ml", home=model,
            external=[External("mlflow.alias", f"{model.uuid}@{alias}")],
        )  # fmt: skip
        client.link(version, "deployed_as", pointer)


def _best(client: Client, experiment: str, count: int) -> list[Entity]:
    """Runs of an experiment, the best last."""
    home = client.get(ByName("experiment", experiment, "ml"))
    where = attribute("home", "=", home.id)
    order = [Order(Metric("val/auc"), descending=True)]
    found = client.find(Query(["run"], where, order=order, limit=count, parts=["metrics", "properties"]))
    return found.entities[::-1]


EXP_OF = {"churn": "Churn", "fraud-score": "Fraud", "next-basket": "Next basket"}


def _put(kind: str, name: str, **more: Any) -> PutEntity:
    return PutEntity(kind=kind, name=name, unique=True, handle=name, **more)


def _batches(groups: Iterator[list[AnyOperation]], size: int) -> Iterator[list[AnyOperation]]:
    waiting: list[AnyOperation] = []
    for group in groups:
        waiting += group
        if len(waiting) >= size:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


if __name__ == "__main__":
    with Client(Path(sys.argv[1])) as made:
        fill(made, int(sys.argv[2]))
