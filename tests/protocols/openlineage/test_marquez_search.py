"""Search, events and figures, as Marquez's API tells them; and who is told what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.protocols.openlineage.conftest import (
    OTHER,
    RUN,
    WAREHOUSE,
    Receiver,
    data,
    dataset_event,
    job_event,
    run_event,
)
from tests.protocols.openlineage.marquez import DAILY, ORDERS, check, fill, get

from lineal.protocols.openlineage.marquez import events


def found(receiver: Receiver, query: str) -> list[str]:
    page = get(receiver, f"search?{query}")
    check("SearchResult", *page["results"])
    return [each["name"] for each in page["results"]]


def test_search(receiver: Receiver) -> None:
    fill(receiver)
    assert found(receiver, "q=public") == [DAILY, ORDERS, "shop.public.report"]
    (result,) = get(receiver, "search?q=orders")["results"]
    assert (result["type"], result["nodeId"]) == ("DATASET", f"dataset:{WAREHOUSE}:{ORDERS}")
    assert found(receiver, "q=rder") == [ORDERS]  # a part of a name
    assert found(receiver, "q=tell") == ["tell"] and found(receiver, "q=tell&filter=dataset") == []
    assert set(found(receiver, "q=dag&filter=JOB&sort=UPDATE_AT")) == {"dag", "dag.sum"}
    assert found(receiver, "q=public&namespace=nightly") == []
    assert get(receiver, "search?q=public&limit=1")["totalCount"] == 3
    assert found(receiver, "q=public&after=2999-01-01") == []
    assert len(found(receiver, "q=public&before=2999-01-01")) == 3


def test_search_with_highlights(receiver: Receiver) -> None:
    fill(receiver)
    told = receiver.ask("GET", "v2beta/search/datasets?q=total").json()
    # `total` is a field of the one, and nothing of the others.
    assert [each["name"] for each in told["hits"]] == [DAILY]
    assert told["highlights"] == [{"facets.schema.fields.name": ["<em>total</em>"]}]
    told = receiver.ask("GET", "v2beta/search/jobs?q=sum").json()
    (hit,) = told["hits"]
    assert (hit["name"], hit["eventType"], hit["run_id"]) == ("dag.sum", "COMPLETE", RUN)
    assert hit["runFacets"].keys() == {"nominalTime", "parent"}
    assert told["highlights"][0]["name"] == ["dag.<em>sum</em>"]
    assert receiver.ask("GET", "v2beta/search/jobs").status_code == 400


def test_events_by_their_time(receiver: Receiver) -> None:
    receiver.post(
        run_event("COMPLETE", 5),
        run_event("START", 1),
        job_event(3, job="alone"),
        dataset_event(data("a"), 2),
    )

    def seconds(query: str) -> list[str]:
        page = get(receiver, f"events/lineage?{query}")
        return [each["eventTime"][17:19] for each in page["events"]]

    assert seconds("") == ["05", "03", "02", "01"]
    assert seconds("sortDirection=asc") == ["01", "02", "03", "05"]
    assert seconds("limit=2&offset=1") == ["03", "02"]
    assert seconds("after=2026-03-01T10:00:02Z&before=2026-03-01T10:00:05%2B00:00") == ["03", "02"]
    assert seconds("after=2026-03-01T12:00:02.000%2B02:00&before=") == ["05", "03", "02"]
    page = get(receiver, "events/lineage?limit=1&after=2026-03-01T10:00:02Z")
    assert page["totalCount"] == 3
    assert page["events"][0] == {**run_event("COMPLETE", 5)}
    assert seconds("limit=0") == []


def test_where_many_events_came_they_are_told_in_the_order_in_which_they_came(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "EXACT", 2)
    receiver.post(*(run_event("RUNNING", second) for second in (4, 1, 3)))

    def seconds(query: str) -> list[str]:
        page = get(receiver, f"events/lineage?{query}")
        assert page["totalCount"] == 3
        return [each["eventTime"][17:19] for each in page["events"]]

    assert seconds("") == ["03", "01", "04"]
    assert seconds("limit=2&offset=1") == ["01", "04"]
    assert seconds("limit=2&sortDirection=ASC") == ["04", "01"]
    assert seconds("before=2026-04-01T00:00:00Z") == ["04", "03", "01"]  # the past is told exactly


def test_figures(receiver: Receiver) -> None:
    now = datetime.now(UTC)
    for kind, run, hours in (
        ("START", RUN, 3),
        ("COMPLETE", RUN, 2),
        ("FAIL", OTHER, 2),
        ("START", OTHER, 80),
    ):
        event = run_event(kind, run=run, outputs=[data("a")])
        receiver.post({**event, "eventTime": (now - timedelta(hours=hours)).isoformat()})

    def told(path: str, shape: str, size: int) -> list[dict[str, Any]]:
        metrics: list[dict[str, Any]] = get(receiver, f"stats/{path}")
        check(shape, *metrics)
        assert len(metrics) == size
        ends = [each["endInterval"] for each in metrics]
        assert [each["startInterval"] for each in metrics[1:]] == ends[:-1]
        return metrics

    day = told("lineage-events?period=DAY", "LineageMetric", 24)
    assert (day[-4]["start"], day[-3]["complete"], day[-3]["fail"]) == (1, 1, 1)
    week = told("lineage-events?period=week&timezone=UTC", "LineageMetric", 7)
    assert sum(each["start"] for each in week) == 2 and sum(each["abort"] for each in week) == 0
    for path in ("jobs", "datasets"):
        for period, size in (("DAY", 24), ("WEEK&timezone=Europe/Berlin", 7)):
            counts = [each["count"] for each in told(f"{path}?period={period}", "IntervalMetric", size)]
            assert (counts[0], counts[-1]) == (0, 1), path
    assert told("sources?period=DAY", "IntervalMetric", 24)[-1]["count"] == 0
