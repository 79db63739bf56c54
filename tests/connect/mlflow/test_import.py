"""Records into Lineal: what is new, what was there, and what was changed since."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from tests.connect.mlflow.memory import MemorySource
from tests.connect.mlflow.moving import commits, outcomes, take

from lineal import Client
from lineal.connect.mlflow.records import (
    Dataset,
    DatasetInput,
    EvaluationDataset,
    Experiment,
    Measure,
    Model,
    Record,
    Registered,
    Run,
    Scorer,
    Tag,
    Trace,
    Version,
)
from lineal.graph.change import Change, PutEdge
from lineal.graph.model import ByExternal, ByName, External, Point
from lineal.graph.query import Compare, ExternalId, Query

R1, R2, M1 = "a" * 32, "b" * 32, "m-" + "c" * 32


def run(number: str = R1, **more: Any) -> Run:
    given: dict[str, Any] = {"name": "first", "status": "FINISHED", "started": 10, "ended": 20}
    return Run(number, "1", **(given | more))


def curve(*steps: int, key: str = "loss") -> list[Point]:
    return [Point(key, 1 / (step + 2), 100 + step, step) for step in steps]


def whole() -> MemorySource:
    """One of everything."""
    uses = (Tag("mlflow.data.context", "train"),)
    frame = DatasetInput(Dataset("frame", "1", "s3", '{"uri": "s3://lake/frame.csv"}'), uses)
    span = {
        "trace_id": "UJaLk6NuPKASV0iAoCCDvQ==", "span_id": "xlRO4WWqfJs=", "parent_span_id": None, "name": "answer",
        "kind": "SPAN_KIND_INTERNAL", "start_time_unix_nano": 1_000_000, "end_time_unix_nano": 2_000_000,
        "events": [], "status": {"code": "STATUS_CODE_OK", "message": ""}, "links": [],
        "attributes": {"mlflow.spanType": '"CHAIN"', "mlflow.spanInputs": '{"q": 1}'},
    }  # fmt: skip
    logged = Model(M1, "1", "churner", created=5, updated=6, run=R1)
    logged.measures = [Measure("acc", 0.5, 7, 1, R1, "frame", "1")]
    versions = [
        Version(1, 5, 6, source=f"runs:/{R1}/m", run=R1),
        Version(2, 5, 6, stage="Production", source=f"models:/{M1}", model=M1, run=R1),
    ]
    trace = Trace("tr-" + "d" * 32, "1", 100, 50, spans=[span])
    trace.tags, trace.metadata = {"mlflow.traceName": "answer"}, {"mlflow.sourceRun": R1}
    questions = EvaluationDataset("d-1", "questions", 5, 6, "ada", "ada", "digest", experiments=["1"])
    questions.schema, questions.tags = '{"inputs": {"q": "string"}}', {"lang": "en"}
    questions.records = [Record("dr-1", {"q": "a"}, expectations={"e": 1}), Record("dr-2", {"q": "b"})]
    return MemorySource(
        runs=[run(datasets=[frame], made=[(M1, 3)], params={"rate": "0.1"}, tags={"team": "x"})],
        points={R1: [*curve(0, 1, 2), Point("odd", math.nan, 1, 0), Point("odd", math.inf, 2, 1)]},
        models=[logged],
        registered=[Registered("churn", 5, 6, "who leaves", {"t": "1"}, {"champion": 2}, versions, 4)],
        traces=[trace],
        datasets=[questions],
        scorers=[Scorer("s-1", "1", "tone", [(1, '{"name": "tone"}', 5)])],
    )


def test_twice_is_once(client: Client) -> None:
    first = take(whole(), client)
    assert first.complete
    assert not first.problems
    before, again = commits(client), whole()
    second = take(again, client)
    assert commits(client) == before
    assert {outcome for counted in outcomes(second).values() for outcome in counted} == {"same"}
    assert not again.asked


def test_everything_lies_where_it_belongs(client: Client) -> None:
    take(whole(), client)
    found = client.around(f"mlflow.run:{R1}")
    assert (found.entity.created, found.entity.updated, found.entity.started, found.entity.ended) == (
        10,
        20,
        10,
        20,
    )
    assert found.entity.properties == {"status": "FINISHED", "param.rate": "0.1", "tag.team": "x"}
    assert [point.value for point in client.series(found.entity, "odd")][1] == math.inf
    assert math.isnan(client.series(found.entity, "odd")[0].value)
    names = {
        node.name for node in client.lineage("name:dataset:s3%3A%2F%2Flake/frame.csv", direction="down").nodes
    }
    assert names >= {"first", "churner", "churn/2", "churn@champion", "churn/Production", "answer"}
    model = client.get("name:model:default/churn")
    assert (model.properties["last_version"], model.properties["alias.champion"]) == (4, 2)
    latest = {client.get(str(model.properties[f"latest.{stage}"])).name for stage in ("None", "Production")}
    assert latest == {"churn/1", "churn/2"}
    [span] = client.spans("mlflow.trace:tr-" + "d" * 32)
    assert (span.id, span.type, span.attributes["mlflow.spanInputs"]) == (
        "c6544ee165aa7c9b",
        "CHAIN",
        {"q": 1},
    )
    rows = [record.document for record in client.records("mlflow.dataset:d-1")]
    assert [row["inputs"] for row in rows] == [{"q": "a"}, {"q": "b"}]
    assert client.get("mlflow.logged_model:" + M1, ["metrics"]).metrics["acc"].value == 0.5


class Interrupted(MemorySource):
    """A source that fails after some points."""

    def __init__(self, after: int, **more: Any) -> None:
        super().__init__(**more)
        self._left = after

    def points(self, runs: Sequence[Run]) -> Iterator[tuple[Run, list[Point]]]:
        for found in super().points(runs):
            if self._left == 0:
                raise KeyboardInterrupt
            self._left -= 1
            yield found


@pytest.mark.parametrize("after", [0, 1, 4, 7])
def test_what_was_cut_off_goes_on(local: Client, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    monkeypatch.setattr("lineal.connect.writing.HEAVIEST", 1)
    given: dict[str, Any] = {
        "runs": [run(R1), run(R2, status="RUNNING", ended=None)],
        "points": {R1: [*curve(0, 1, 2), *curve(0, 1, key="other")], R2: curve(5, 6, 7)},
    }
    with pytest.raises(KeyboardInterrupt):
        take(Interrupted(after, **given), local)
    report = take(MemorySource(**given), local)
    assert report.complete
    for number, points in given["points"].items():
        for key in {point.key for point in points}:
            stored = local.series(f"mlflow.run:{number}", key)
            assert stored == [point for point in points if point.key == key]
    before = commits(local)
    take(MemorySource(**given), local)
    assert commits(local) == before


def test_a_run_that_went_on_brings_only_what_is_new(local: Client) -> None:
    take(MemorySource(runs=[run(status="RUNNING", ended=None)], points={R1: curve(0, 1, 9)}), local)
    later = {R1: [*curve(0, 1, 4, 5), *curve(9)]}
    report = take(MemorySource(runs=[run(params={"more": "1"})], points=later), local)
    assert outcomes(report) == {"experiments": {"same": 1}, "runs": {"changed": 1}, "points": {"new": 2}}
    assert [point.step for point in local.series(f"mlflow.run:{R1}", "loss")] == [0, 1, 4, 5, 9]
    found = local.get(f"mlflow.run:{R1}")
    assert (found.ended, found.properties["status"], found.properties["param.more"]) == (20, "FINISHED", "1")


def test_what_is_gone_there_goes_here(local: Client) -> None:
    take(MemorySource(runs=[run(tags={"a": "1", "b": "2"})]), local)
    report = take(MemorySource(runs=[run(tags={"a": "1"}, state="deleted")]), local)
    assert outcomes(report)["runs"] == {"changed": 1}
    found = local.get(f"mlflow.run:{R1}")
    assert (found.state, "tag.b" in found.properties) == ("deleted", False)
    assert outcomes(take(MemorySource(runs=[run(tags={"a": "1"}, state="deleted")]), local))["runs"] == {
        "same": 1
    }


def test_what_was_changed_here_stays(local: Client) -> None:
    take(MemorySource(runs=[run(tags={"a": "1"})]), local)
    local.put("run", "x")
    local.commit(Change([_tag(f"mlflow.run:{R1}", "here")]))
    report = take(MemorySource(runs=[run(tags={"a": "there"})], points={R1: curve(0)}), local)
    assert outcomes(report)["runs"] == {"kept": 1}
    assert report.problems[0].why == "it was changed here since, and stays as it is"
    assert local.get(f"mlflow.run:{R1}").properties["tag.a"] == "here"
    assert len(local.series(f"mlflow.run:{R1}", "loss")) == 1


def _tag(address: str, value: str) -> Any:
    from lineal.client.address import as_ref
    from lineal.graph.change import PutEntity

    return PutEntity(as_ref(address), properties={"tag.a": value})


def test_an_experiment_whose_id_is_taken_gets_another(local: Client) -> None:
    take(MemorySource([Experiment("1", "theirs", created=5)], [run()]), local)
    other = MemorySource([Experiment("1", "ours", created=6)], [run(R2)])
    report = take(other, local)
    [problem] = report.problems
    assert "its id is that of 'theirs' here already" in problem.why
    found = local.get("name:experiment:default/ours")
    assert local.get(f"mlflow.run:{R2}").home == found.id
    number = next(each.id for each in found.external)
    assert len(number) == 18
    before = commits(local)
    take(MemorySource([Experiment("1", "ours", created=6)], [run(R2)]), local)
    assert commits(local) == before
    renamed = take(MemorySource([Experiment("1", "ours, renamed", created=6)], [run(R2)]), local)
    assert outcomes(renamed)["experiments"] == {"changed": 1}


def test_the_default_experiment_is_one(local: Client) -> None:
    local.put("experiment", "Default", external=[External("mlflow.experiment", "0")])
    take(MemorySource([Experiment("0", "Default", created=5, tags={"a": "1"})]), local)
    found = local.find(Query(kinds=["experiment"], parts=["properties"])).entities
    assert [(each.name, each.properties) for each in found] == [("Default", {"tag.a": "1"})]


def test_an_experiment_of_another_tool_is_joined_and_one_of_mlflow_is_not(local: Client) -> None:
    joined = local.put("experiment", "study")
    take(MemorySource([Experiment("5", "study", created=5)]), local)
    assert local.get("mlflow.experiment:5").id == joined.id
    report = take(MemorySource([Experiment("6", "study", created=6)]), local)
    assert local.get("mlflow.experiment:6").name == "study (6)"
    assert "its name is taken here" in report.problems[0].why


def test_a_bad_record_spoils_no_other(client: Client) -> None:
    runs = [run(f"{number:032x}", params={"a\0b" if number == 5 else "a": "1"}) for number in range(12)]
    report = take(MemorySource(runs=runs, points={runs[5].id: curve(0), runs[6].id: curve(0)}), client)
    assert outcomes(report)["runs"]["failed"] == 1
    assert not report.complete
    assert {problem.id for problem in report.problems} == {runs[5].id}
    among = Compare(ExternalId("mlflow.run"), "is not null")
    assert len(client.find(Query(kinds=["run"], where=among)).entities) == 11
    assert len(client.series(f"mlflow.run:{runs[6].id}", "loss")) == 1


def test_inputs_that_were_logged_here_stay(local: Client) -> None:
    def given(digest: str) -> DatasetInput:
        return DatasetInput(Dataset("frame", digest, "s3", '{"uri": "s3://lake/frame.csv"}'))

    take(MemorySource(runs=[run(datasets=[given("1")])]), local)
    source, target = ByName("dataset", "frame.csv", "s3://lake"), ByExternal("mlflow.run", R1)
    states = [{"name": "frame", "digest": each} for each in ("1", "here")]
    local.commit(Change([PutEdge("input", source, target, {**states[1], "inputs": states})]))
    take(MemorySource(runs=[run(datasets=[given("1"), given("2")])]), local)
    [edge] = [edge for edge in local.around(f"mlflow.run:{R1}").edges if edge.kind == "input"]
    assert [state["digest"] for state in edge.detail["inputs"]] == ["1", "here", "2"]


def test_a_data_set_tells_its_fields_once(local: Client) -> None:
    schema = json.dumps({"mlflow_colspec": [{"name": "x", "type": "long"}]})
    data = DatasetInput(Dataset("frame", "1", "s3", '{"uri": "s3://lake/frame.csv"}', schema))
    take(MemorySource(runs=[run(datasets=[data]), run(R2, datasets=[data])]), local)
    address = "name:dataset:s3%3A%2F%2Flake/frame.csv"
    assert local.get(address, ["facets"]).facets["schema"] == {"fields": [{"name": "x", "type": "long"}]}
    local.describe(address, "schema", {"fields": []})
    take(MemorySource(runs=[run(datasets=[data])]), local)
    assert local.get(address, ["facets"]).facets["schema"] == {"fields": []}


def registered(*numbers: int, created: int = 5, **more: Any) -> MemorySource:
    versions = [
        Version(number, created + number, created + number, source=f"s3://b/{number}") for number in numbers
    ]
    return MemorySource(registered=[Registered("churn", 5, 6, versions=versions, last=max(numbers), **more)])


def test_an_alias_that_was_moved_here_stays_and_new_versions_come(local: Client) -> None:
    take(registered(1, 2, aliases={"champion": 1}), local)
    local.put("model", "churn", properties={"alias.champion": 2})
    report = take(registered(1, 2, 3, aliases={"champion": 3}), local)
    model = local.get("name:model:default/churn")
    assert (model.properties["alias.champion"], model.properties["last_version"]) == (2, 3)
    assert local.get(str(model.properties["latest.None"])).name == "churn/3"
    assert outcomes(report)["registered"] == {"kept": 1}
    assert outcomes(report)["versions"] == {"same": 2, "new": 1}


def test_aliases_and_stages_follow_the_source(local: Client) -> None:
    take(registered(1, 2, aliases={"champion": 1, "old": 1}), local)
    take(registered(1, 2, aliases={"champion": 2}), local)
    model = local.get("name:model:default/churn")
    led = local.around(f"mlflow.alias:{model.uuid}@champion")
    assert {each.name for each in led.neighbours if each.kind == "model_version"} == {"churn/2"}
    assert local.get(f"mlflow.alias:{model.uuid}@old").state == "deleted"
    assert "alias.old" not in model.properties


def test_a_number_that_was_given_here_to_another_version(local: Client) -> None:
    take(registered(1), local)
    take(registered(1, 2), local)
    report = take(registered(1, 2, created=50), local)
    assert outcomes(report)["versions"] == {"failed": 2}
    assert report.problems[0].why == "another one of that number was made here"


def test_a_scorer_with_code_is_left_out(local: Client) -> None:
    harmful = [
        '{"name": "x", "call_source": "import os"}',
        '{"a": [{"third_party_scorer_data": {"kwargs": {"base_url": "http://evil"}}}]}',
        "no json",
    ]
    source = MemorySource(
        scorers=[Scorer(f"s-{at}", "1", f"s{at}", [(1, text, 5)]) for at, text in enumerate(harmful)]
    )
    report = take(source, local)
    assert outcomes(report)["scorers"] == {"failed": 3}
    assert not local.find(Query(kinds=["scorer"])).entities


def test_an_evaluation_data_set_that_was_cut_off_is_completed(
    local: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lineal.connect.writing.HEAVIEST", 1)
    monkeypatch.setattr("lineal.connect.mlflow.lineal_evaluation._PAGE", 1)
    commit, left = Client.commit, [3]

    def failing(self: Client, change: Change) -> Any:
        if any(type(each).__name__ == "PutRecords" for each in change.operations):
            left[0] -= 1
            if left[0] == 1:
                raise KeyboardInterrupt
        return commit(self, change)

    monkeypatch.setattr(Client, "commit", failing)
    with pytest.raises(KeyboardInterrupt):
        take(whole(), local)
    report = take(whole(), local)
    assert outcomes(report)["evaluation data sets"] == {"changed": 1}
    assert len(list(local.records("mlflow.dataset:d-1"))) == 2


def test_a_trace_with_a_broken_span_is_told(local: Client) -> None:
    source = MemorySource(traces=[Trace("tr-1", "1", 5, spans=[{"name": "x"}]), Trace("tr-2", "1", 5)])
    report = take(source, local)
    assert outcomes(report)["traces"] == {"failed": 1, "new": 1}
    assert local.get("mlflow.trace:tr-2").kind == "trace"


def test_spans_of_mlflow_2(local: Client) -> None:
    old = {
        "name": "answer", "context": {"span_id": "0x1f", "trace_id": "0x1"}, "parent_id": None, "start_time": 5,
        "end_time": 9, "status_code": "ERROR", "status_message": "no", "events": [],
        "attributes": {"mlflow.spanType": '"LLM"'},
    }  # fmt: skip
    old["context"]["span_id"] = "0x" + "1f".rjust(16, "0")  # type: ignore[index]
    take(MemorySource(traces=[Trace("r-1", "1", 5, spans=[old])]), local)
    [span] = local.spans("mlflow.trace:r-1")
    assert (span.id, span.status, span.type, span.ended) == ("1f".rjust(16, "0"), "error", "LLM", 9)


def test_artifacts(local: Client, tmp_path: Any) -> None:
    root = tmp_path / "root"
    (root / "1" / R1 / "artifacts" / "deep").mkdir(parents=True)
    (root / "1" / R1 / "artifacts" / "deep" / "a.txt").write_text("hello")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_text("secret")

    def source() -> MemorySource:
        return MemorySource(
            [Experiment("1", "study", f"file://{root}/1", created=1)],
            [
                run(location=f"file://{root}/1/{R1}/artifacts"),
                run(R2, location=str(tmp_path / "elsewhere")),
                run("c" * 32, location="mlflow-artifacts:/1/x/artifacts"),
                run("d" * 32, location=f"{root}/../elsewhere"),
            ],
            registered=[
                Registered(
                    "churn", versions=[Version(1, source=f"{root}/1/{R1}/artifacts/deep", run=R1)], last=1
                )
            ],
        )

    report = take(source(), local, roots=[str(root)])
    assert outcomes(report)["artifacts"] == {"new": 1}
    assert b"".join(local.read(f"mlflow.run:{R1}", "deep/a.txt")) == b"hello"
    assert "artifact_uri" not in local.get(f"mlflow.run:{R1}").properties
    assert "artifact_location" not in local.get("mlflow.experiment:1").properties
    assert local.get(f"mlflow.run:{R2}").properties["artifact_uri"] == str(tmp_path / "elsewhere")
    assert local.get(f"mlflow.run:{'d' * 32}").properties["artifact_uri"] == f"{root}/../elsewhere"
    assert not local.files(f"mlflow.run:{R2}")
    model = local.get("name:model:default/churn")
    version = local.get(f"mlflow.model_version:{model.uuid}/1")
    assert version.properties["storage_location"] == f"mlflow-artifacts:/1/{R1}/artifacts/deep"
    again = take(source(), local, roots=[str(root)])
    assert outcomes(again)["artifacts"] == {"same": 1}
    pointed = take(source(), local, "pointer", [str(root)])
    assert outcomes(pointed)["runs"]["changed"] == 1
    assert local.get(f"mlflow.run:{R1}").properties["artifact_uri"] == f"file://{root}/1/{R1}/artifacts"


def test_artifacts_that_stay_behind_a_server_are_told(local: Client) -> None:
    source = MemorySource(runs=[run(location="mlflow-artifacts:/1/x/artifacts")])
    report = take(source, local)
    assert report.problems[0].why == "they are behind the old server: name its folder with --artifact-root"
    assert "artifact_uri" not in local.get(f"mlflow.run:{R1}").properties
    assert not take(MemorySource(runs=[run(location="mlflow-artifacts:/1/x")]), local, "none").problems
