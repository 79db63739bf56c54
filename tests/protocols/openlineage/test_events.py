"""Runs, jobs and data sets out of events of each sort: cumulative, idempotent, in the order of their times."""

from __future__ import annotations

import gzip
import itertools
import json
from typing import Any

import pytest
from tests.protocols.openlineage.conftest import (
    OTHER,
    RUN,
    WAREHOUSE,
    Receiver,
    data,
    dataset_event,
    facet,
    job_event,
    lineage,
    run_event,
    schema,
)

from lineal.graph import openlineage as names
from lineal.graph.errors import NotFound
from lineal.graph.model import ByExternal
from lineal.graph.query import Query

SOURCE, TARGET = "shop.public.orders", "shop.public.daily"


def whole_story() -> list[dict[str, Any]]:
    """A run that begins, goes on and ends."""
    source, target = data(SOURCE, schema=schema("id int", "amount")), data(TARGET, schema=schema("total"))
    ended = data(
        TARGET,
        schema=schema("total"),
        columnLineage=lineage(total=[(SOURCE, "amount", {"type": "DIRECT", "subtype": "AGGREGATION"})]),
        outputFacets={"outputStatistics": facet(rowCount=7, size=700)},
    )
    return [
        run_event("START", 0, inputs=[source], outputs=[target]),
        run_event("RUNNING", 5, run_facets={"processing_engine": facet(name="spark", version="3.5")}),
        run_event("COMPLETE", 9, inputs=[source], outputs=[ended]),
    ]


def contents(receiver: Receiver) -> Any:
    """All that the graph holds, without what tells when it was written."""
    page = receiver.session.find(
        Query(state="all", limit=1000, parts=["properties", "facets", "labels", "external"])
    )
    entities = sorted(
        (each.kind, each.namespace, each.name, each.state, each.started or 0, each.ended or 0, _plain(each.properties),
         json.dumps(each.facets, sort_keys=True), str(each.external), sorted(label.name for label in each.labels))
        for each in page.entities
    )  # fmt: skip
    edges = sorted(json.dumps(each, sort_keys=True) for each in receiver.detailed())
    return entities, edges


def _plain(properties: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in properties.items() if key != names.TIMES}, sort_keys=True)


class TestRuns:
    def test_a_run_is_written_as_a_whole(self, receiver: Receiver) -> None:
        receiver.post(*whole_story())
        run, job = receiver.run(), receiver.job()
        assert (run.kind, run.namespace, run.name, run.home) == ("run", "nightly", RUN, job.id)
        assert run.properties["status"] == "COMPLETED" and run.properties["engine"] == "spark 3.5"
        assert run.started is not None and run.ended == run.started + 9000
        assert job.properties[names.LATEST_RUN] == RUN
        assert receiver.edges("run_of") == {("run_of", "run", "load")}
        assert receiver.edges("input") == {("input", SOURCE, "run"), ("input", SOURCE, "load")}
        assert receiver.edges("produces") == {("produces", "run", TARGET), ("produces", "load", TARGET)}
        assert receiver.edges("output") == set()

    @pytest.mark.parametrize(
        ("kind", "status"),
        [("START", "RUNNING"), ("running", "RUNNING"), ("OTHER", "RUNNING"), ("WHATEVER", "RUNNING"),
         ("COMPLETE", "COMPLETED"), ("fail", "FAILED"), ("ABORT", "ABORTED"), (None, "NEW")],
    )  # fmt: skip
    def test_the_type_of_an_event_tells_the_state(
        self, receiver: Receiver, kind: str | None, status: str
    ) -> None:
        receiver.post(run_event(kind))
        assert receiver.run().properties["status"] == status

    def test_what_has_ended_stays_so(self, receiver: Receiver) -> None:
        receiver.post(run_event("COMPLETE", 9), run_event("START", 0), run_event("RUNNING", 20))
        run = receiver.run()
        assert run.properties["status"] == "COMPLETED"
        assert run.started is not None and run.ended == run.started + 9000

    def test_of_two_ends_the_later_one_counts(self, receiver: Receiver) -> None:
        receiver.post(run_event("FAIL", 9), run_event("COMPLETE", 5))
        assert receiver.run().properties["status"] == "FAILED"
        receiver.forget()
        receiver.post(run_event("COMPLETE", 12))
        assert receiver.run().properties["status"] == "COMPLETED"

    def test_any_order_comes_to_the_same(self, receiver: Receiver) -> None:
        told = whole_story()
        receiver.post(*told)
        first = contents(receiver)
        receiver.post(*(event for order in itertools.permutations(told) for event in order))
        assert contents(receiver) == first

    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
    def test_whatever_comes_first(self, receiver: Receiver, order: tuple[int, ...]) -> None:
        told = whole_story()
        receiver.post(*(told[place] for place in order))
        run = receiver.run()
        assert run.properties["status"] == "COMPLETED" and run.ended == (run.started or 0) + 9000
        assert receiver.edges("produces", "output") == {
            ("produces", "run", TARGET),
            ("produces", "load", TARGET),
        }
        (version,) = receiver.versions(TARGET)
        assert version.facets["statistics"] == {"row_count": 7, "bytes": 700}

    @pytest.mark.parametrize("anew", [False, True])
    def test_what_comes_again_alters_nothing(self, receiver: Receiver, anew: bool) -> None:
        receiver.post(*whole_story())
        before, newest = contents(receiver), receiver.session.newest()
        if anew:
            receiver.forget()
        receiver.post(*whole_story())
        assert contents(receiver) == before
        assert receiver.session.newest() == newest

    def test_a_run_goes_on_after_the_server_was_started_anew(self, receiver: Receiver) -> None:
        for event in whole_story():
            receiver.post(event)
            receiver.forget()
        assert receiver.run().properties["status"] == "COMPLETED"
        assert len(receiver.versions(TARGET)) == 1

    def test_each_event_is_kept_as_it_came(self, receiver: Receiver) -> None:
        told = whole_story()
        receiver.post(*told, *told)
        kept = receiver.session.records(names.run_ref(RUN))
        assert [each.document for each in kept] == told
        assert len({each.key for each in kept}) == 3

    def test_an_id_that_is_no_uuid_is_taken_as_it_is(self, receiver: Receiver) -> None:
        receiver.post(run_event("START", run="manual__2026-03-01"), run_event("START", run=OTHER.upper()))
        assert receiver.run("manual__2026-03-01").kind == "run"
        assert receiver.run(OTHER).name == OTHER


class TestOtherEvents:
    def test_a_job_without_a_run(self, receiver: Receiver) -> None:
        receiver.post(
            job_event(
                inputs=[data(SOURCE)], outputs=[data(TARGET)], job_facets={"sql": facet(query="select 1")}
            )
        )
        assert receiver.job().facets["sql"]["query"] == "select 1"
        assert receiver.edges() == {("input", SOURCE, "load"), ("output", "load", TARGET)}
        assert receiver.session.count_records(names.job_ref("nightly", "load")) == 1

    def test_a_data_set_alone(self, receiver: Receiver) -> None:
        receiver.post(dataset_event(data(SOURCE, schema=schema("id int"))))
        assert [*receiver.columns(SOURCE)] == ["id"]
        assert receiver.session.count_records(names.dataset_ref(WAREHOUSE, SOURCE)) == 1

    def test_the_sort_of_an_event_is_that_of_its_schema(self, receiver: Receiver) -> None:
        event = run_event("COMPLETE")
        for url in ("https://example.com/some/where/else", ""):
            receiver.post({**event, "schemaURL": url, "eventTime": f"2026-03-01T10:00:0{len(url) % 7}Z"})
        del event["schemaURL"]
        receiver.post(event)
        assert receiver.run().properties["status"] == "COMPLETED"


class TestRefusals:
    @pytest.mark.parametrize(
        "path",
        ["eventTime", "producer", "run", "job", "run.runId", "job.namespace", "job.name", "outputs.0.name"],
    )
    def test_what_must_be_there(self, receiver: Receiver, path: str) -> None:
        for missing in (True, False):
            event = run_event(outputs=[data(TARGET)])
            *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
            holder: Any = event
            for part in way:
                holder = holder[part]
            if missing:
                del holder[last]
            else:
                holder[last] = None
            status, message = receiver.refused(event)
            assert status == 422 and str(last) in message

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"{", 400), (b"", 400), (b"[]", 422), (b'"text"', 422), (b"null", 422), (b"\xff\xfe", 400),
            (b"[" * 100_000, 422),
        ],
    )  # fmt: skip
    def test_what_is_no_event(self, receiver: Receiver, body: bytes, status: int) -> None:
        assert receiver.refused(body)[0] in (status, 400)

    @pytest.mark.parametrize("time", ["yesterday", "2026-13-01T00:00:00Z", "", "0001-01-01T00:00:00Z"])
    def test_a_time_that_is_none(self, receiver: Receiver, time: str) -> None:
        status, message = receiver.refused({**run_event(), "eventTime": time})
        assert status == 400 and "eventTime" in message

    @pytest.mark.parametrize("name", ["", "  ", "x" * 1001])
    def test_names_that_cannot_be(self, receiver: Receiver, name: str) -> None:
        assert receiver.refused(run_event(job=name))[0] in (400, 422)

    def test_another_media_type(self, receiver: Receiver) -> None:
        event = json.dumps(run_event()).encode()
        assert receiver.refused(event, **{"content-type": "text/plain"})[0] == 415

    def test_emoji_and_blanks_are_names_like_others(self, receiver: Receiver) -> None:
        receiver.post(run_event(outputs=[data("a b", "lake 🏞")]))
        assert receiver.dataset("a b", "lake 🏞").kind == "dataset"

    def test_a_nul_is_kept_as_what_cannot_be_read(self, receiver: Receiver) -> None:
        receiver.post(run_event(job_facets={"documentation": facet(description="a\0b")}))
        assert receiver.job().properties["description"] == "a\ufffdb"

    def test_a_document_that_is_too_deep(self, receiver: Receiver) -> None:
        deep: Any = 1
        for _ in range(500):
            deep = [deep]
        assert receiver.refused(run_event(run_facets={"deep": facet(value=deep)}))[0] == 400


class TestBodies:
    def test_gzip(self, receiver: Receiver) -> None:
        content = gzip.compress(json.dumps(run_event()).encode())
        answer = receiver.send("lineage", content, {"content-encoding": "gzip"})
        assert answer.status_code == 201
        assert receiver.run().properties["status"] == "COMPLETED"

    def test_broken_gzip(self, receiver: Receiver) -> None:
        content = gzip.compress(json.dumps(run_event()).encode())[:-9]
        assert receiver.refused(content, **{"content-encoding": "gzip"})[0] == 400

    def test_an_event_of_tens_of_megabytes(self, receiver: Receiver) -> None:
        plan = "Scan parquet \u00e9" * 3_000_000
        event = run_event(
            outputs=[data(TARGET, schema=schema("id"))], run_facets={"spark.logicalPlan": facet(plan=plan)}
        )
        body = json.dumps(event).encode()
        assert len(body) > 40 << 20
        answer = receiver.send("lineage", gzip.compress(body, 1), {"content-encoding": "gzip"})
        assert answer.status_code == 201
        run = receiver.run()
        assert run.properties["status"] == "COMPLETED" and [*receiver.columns(TARGET)] == ["id"]
        assert run.facets["spark.logicalPlan"].keys() == {"_producer", "_schemaURL"}
        (kept,) = receiver.session.records(names.run_ref(RUN))
        assert kept.document["run"]["runId"] == RUN

    def test_what_unpacks_to_too_much(self, receiver: Receiver) -> None:
        bomb = gzip.compress(b" " * (300 << 20), 9)
        assert len(bomb) < 1 << 20
        assert receiver.refused(bomb, **{"content-encoding": "gzip"})[0] == 413


class TestBatches:
    def test_all_are_taken(self, receiver: Receiver) -> None:
        assert receiver.batch(whole_story()) is None
        assert receiver.run().properties["status"] == "COMPLETED"
        assert receiver.batch([]) is None

    def test_one_by_one_or_together_comes_to_the_same(self, receiver: Receiver, session: Any) -> None:
        receiver.batch(whole_story())
        together = contents(receiver)
        receiver.forget()
        for event in whole_story():
            receiver.post(event)
        assert contents(receiver) == together

    def test_a_bad_one_does_not_keep_out_the_others(self, receiver: Receiver) -> None:
        good, bad = run_event("COMPLETE"), {**run_event("START", run=OTHER), "eventTime": "never"}
        answer = receiver.batch(
            [
                bad,
                good,
                7,
                {**good, "run": {"runId": "x", "facets": {"deep": json.loads("[" * 400 + "]" * 400)}}},
            ]
        )
        assert answer["status"] == "partial_success"
        assert answer["summary"] == {
            "received": 4,
            "successful": 1,
            "failed": 3,
            "retriable": 0,
            "non_retriable": 3,
        }
        assert [each["index"] for each in answer["failed_events"]] == [0, 2, 3]
        assert all(each["reason"] and each["retriable"] is False for each in answer["failed_events"])
        assert receiver.run().properties["status"] == "COMPLETED"
        with pytest.raises(NotFound):
            receiver.run(OTHER)

    def test_what_is_no_batch(self, receiver: Receiver) -> None:
        for content in (b"{}", b"7", b"[", b""):
            assert receiver.send("lineage/batch", content).status_code == 400

    def test_more_than_go_together(self, receiver: Receiver) -> None:
        runs = [f"0190a0b5-8a6e-7a5c-8f0e-{number:012}" for number in range(450)]
        assert receiver.batch([run_event("START", run=run, outputs=[data(TARGET)]) for run in runs]) is None
        assert receiver.session.counts()["run"] == 450
        assert receiver.session.get(ByExternal(names.RUN, runs[-1])).home == receiver.job().id
