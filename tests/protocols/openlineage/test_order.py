"""Events in any order, and as often as they like to come, make the same graph."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.protocols.openlineage.conftest import (
    data,
    dataset_event,
    facet,
    job_event,
    lineage,
    run_event,
    schema,
)

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.query import Query
from lineal.protocols.openlineage.events import read
from lineal.protocols.openlineage.intake import Intake

RUNS = [f"0190a0b5-8a6e-7a5c-8f0e-{number:012}" for number in range(3)]
SOURCES, TARGETS = ["orders", "people"], ["daily", "weekly"]
_PRIVATE = (names.TIME, names.TIMES, "openlineage.version_mark", "openlineage.version_content")
_PARTS = ("properties", "facets", "labels")

words = st.sampled_from(["a", "b", "c"])
columns = st.lists(words, min_size=1, max_size=3, unique=True)


@st.composite
def facets(draw: st.DrawFn) -> dict[str, Any]:
    """Of a data set or a job."""
    told: dict[str, Any] = {}
    if draw(st.booleans()):
        told["documentation"] = facet(description=draw(words))
    if draw(st.booleans()):
        told["tags"] = facet(tags=[{"key": each, "value": "true"} for each in draw(columns)])
    if draw(st.booleans()):
        told["ownership"] = facet(owners=[{"name": each} for each in draw(columns)])
    return told


@st.composite
def written(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A data set that is written, perhaps with its columns and what they are made of."""
    told = draw(facets())
    if draw(st.booleans()):
        told["schema"] = schema(*(f"{each} {draw(words)}" for each in "abc"))
    if draw(st.booleans()):
        told["columnLineage"] = lineage(
            **{each: [(draw(st.sampled_from(SOURCES)), draw(words))] for each in draw(columns)}
        )
    return data(name, **told)


@st.composite
def events(draw: st.DrawFn, at: int) -> dict[str, Any]:
    """An event of any sort at a moment. A run is always one of the same job, a data set is written by one job alone."""
    number = draw(st.integers(0, 2))
    read_ = [data(each, **draw(facets())) for each in draw(st.lists(st.sampled_from(SOURCES), unique=True))]
    wrote = draw(st.lists(written(TARGETS[number % 2]), max_size=1))
    job = {"job": f"job-{number % 2}", "inputs": read_, "outputs": wrote, "job_facets": draw(facets())}
    match draw(st.sampled_from(["run", "run", "run", "job", "dataset"])):
        case "run":
            kind = draw(st.sampled_from(["START", "RUNNING", "COMPLETE", "FAIL"]))
            return run_event(kind, at, run=RUNS[number], **job)
        case "job":
            return job_event(at, **job)
        case _:
            return dataset_event(data(draw(st.sampled_from(TARGETS)), **draw(facets())), at)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "lineal.db"
    Catalog.open(f"sqlite:///{path}", blobs=str(path.parent)).close()
    return path


def graph_of(empty: Path, told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Everything that comes of events, sent in this order, one by one, to a server that is started anew at times."""
    path = shutil.copy(empty, empty.parent / "copy.db")
    try:
        with closing(Catalog.open(f"sqlite:///{path}", blobs=str(empty.parent))) as catalog:
            session = catalog.session(LOCAL, "test")
            intake = Intake()
            for number, event in enumerate(told):
                intake = Intake() if number % 3 == 2 else intake
                assert asyncio.run(intake.take(session, [read(json.dumps(event).encode())])) == [None]
            return _dump(session)
    finally:
        for each in empty.parent.glob("copy.db*"):
            each.unlink()


def _dump(session: Session) -> dict[str, Any]:
    """Entities and edges.

    Left out are people whom no edge concerns, the remark on where an input came from, of what a run wrote, whether
    it was known by then which columns it is made of, and which schema a version has when its own writer tells none.
    """
    every = session.find(Query(limit=1000, parts=list(_PARTS))).entities
    entities = [each for each in every if each.kind != "person"]
    called = {
        each.id: f"{each.kind} {each.namespace} {each.name} {each.properties.get('run', '')}"
        for each in entities
    }
    found: dict[str, Any] = {}
    for each in entities:
        is_version = each.kind == "dataset_version"
        private = (*_PRIVATE, names.SCHEMA_HASH) if is_version else _PRIVATE
        properties = {key: value for key, value in each.properties.items() if key not in private}
        labels = sorted(label.name for label in each.labels)
        if is_version:
            each.facets.pop("schema", None)
        found[called[each.id]] = [each.started, each.ended, each.owner, properties, each.facets, labels]
    for edge in session.edges(list(called), (), "out", 10_000):
        if edge.source in called and edge.target in called:
            detail = {} if edge.kind == "input" else edge.detail
            is_written = edge.kind in names.WRITES and called[edge.source].startswith("run ")
            kind = "writes" if is_written else edge.kind
            found[f"{called[edge.source]} {kind} {called[edge.target]}"] = detail
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_order_and_repetition_makes_the_same_graph(empty: Path, draw: st.DataObject) -> None:
    told = [draw.draw(events(second)) for second in range(draw.draw(st.integers(2, 4)))]
    other = draw.draw(st.permutations([*told, *draw.draw(st.lists(st.sampled_from(told), max_size=2))]))
    assert graph_of(empty, told) == graph_of(empty, other)
