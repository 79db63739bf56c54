"""Many at once: in one process, and in several that share a database."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import Any

import pytest
from tests.protocols.openlineage.conftest import WAREHOUSE, data, lineage, run_event, schema

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.protocols.openlineage.events import read
from lineal.protocols.openlineage.intake import intake_of

SOURCE, TARGET = "shop.public.orders", "shop.public.daily"
RUNS = [f"0190a0b5-8a6e-7a5c-8f0e-{number:012}" for number in range(30)]


def story(run: str, place: int) -> list[dict[str, Any]]:
    """A run of the one job, with schemas that differ from run to run."""
    columns = schema("a", f"b{place % 3}")
    told = data(TARGET, schema=columns, columnLineage=lineage(a=[(SOURCE, "x")]))
    source = data(SOURCE, schema=schema("x"))
    return [
        run_event("START", place * 2, run=run, inputs=[source], outputs=[told]),
        run_event("COMPLETE", place * 2 + 1, run=run, inputs=[source], outputs=[told]),
    ]


async def send(session: Session, events: list[dict[str, Any]]) -> None:
    for event in events:
        (error,) = await intake_of(session.catalog).take(session, [read(json.dumps(event).encode())])
        assert error is None, error


def check(session: Session) -> None:
    for run in RUNS:
        assert session.get(names.run_ref(run)).properties["status"] == "COMPLETED"
    job = session.get(names.job_ref("nightly", "load"))
    target = session.get(names.dataset_ref(WAREHOUSE, TARGET), ("properties", "facets"))
    assert job.properties[names.LATEST_RUN] == RUNS[-1]
    assert target.properties[names.CURRENT_VERSION] == names.version_id(WAREHOUSE, TARGET, RUNS[-1])
    assert [each["name"] for each in target.facets["schema"]["fields"]] == ["a", "b2"]
    counts = session.counts()
    assert (counts["run"], counts["dataset"], counts["dataset_version"]) == (30, 2, 30)


def test_in_one_process(session: Session) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*(send(session, story(run, place)) for place, run in enumerate(RUNS)))

    asyncio.run(all_at_once())
    check(session)


@pytest.mark.postgres
def test_in_several_that_share_a_database(postgres_url: str, tmp_path: Any) -> None:
    opened = [Catalog.open(postgres_url, blobs=str(tmp_path / "files")) for _ in range(3)]

    async def all_at_once() -> None:
        sessions = [each.session(LOCAL, "test") for each in opened]
        stories = [send(sessions[place % 3], story(run, place)) for place, run in enumerate(RUNS)]
        await asyncio.gather(*stories)

    with closing(opened[0]), closing(opened[1]), closing(opened[2]):
        asyncio.run(all_at_once())
        check(opened[0].session(LOCAL, "test"))
