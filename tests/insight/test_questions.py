"""Models that serve, origins, code, differences, causes and versions."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.insight.conftest import (
    COPY,
    CUSTOMERS,
    FEATURES,
    LAKE,
    MINUTE,
    REPORT,
    SHOP,
    START,
    Story,
    compute,
    facet,
    first_columns,
    run_id,
)

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant, Principal
from lineal.graph.change import Change, PutFacet, PutLabel, PutType
from lineal.graph.errors import Invalid, NotFound
from lineal.graph.model import ById, ByName
from lineal.graph.types import LabelDef
from lineal.insight.diff import Side, diff
from lineal.insight.models import Wanted, trained_models
from lineal.insight.origin import origin
from lineal.insight.versions import freshness


@pytest.fixture
def twice(story: Story) -> Story:
    """On the next day the copy has other columns because its code is another, and what is made of it fails."""
    columns = {
        "id": [(SHOP, CUSTOMERS, "id", "DIRECT")],
        "age": [(SHOP, CUSTOMERS, "age", "DIRECT")],
        "town": [(SHOP, CUSTOMERS, "city", "DIRECT")],
    }
    story.load(11, 60, "bbb222", columns, 90)
    compute(story, 12, 70, "FAIL", error='column "city" does not exist')
    return story


def label(story: Story, column: str, name: str) -> None:
    session = story.session
    session.commit(Change([PutLabel(ById(story.id(column)), name)]))


# Models that serve


def test_models_that_serve_and_saw_sensitive_data(story: Story) -> None:
    sensitive = PutType(LabelDef("health data", supertypes=["personal data"]))
    story.session.commit(Change([PutType(LabelDef("personal data")), sensitive]))
    label(story, f"{CUSTOMERS}#city", "health data")
    [found] = story.ask("models", label="personal data")["models"]
    assert story.name(found["version"]) == "churn/1"
    assert story.name(found["model"]) == "churn"
    assert found["aliases"] == ["champion"]
    assert story.name(found["run"]) == "first try"
    code = found["code"]
    assert (code["commit"], code["file"], code["by"]) == ("c0ffee1234567", "train.py", "grace")
    assert story.names(found["datasets"]) == [FEATURES]
    assert f"{FEATURES}#city_code" in story.names(found["columns"])
    [way] = found["ways"]
    assert (way["label"], way["put_by"]) == ("health data", "local")
    assert story.names(way["path"]) == [
        f"{CUSTOMERS}#city", f"{COPY}#city", f"{FEATURES}#city_code", FEATURES, "first try", "churn-model", "churn/1",
    ]  # fmt: skip
    assert way["edges"] == ["derived", "derived", "member", "input", "output", "derived"]


def test_a_model_that_saw_only_what_is_masked_is_not_among_them(story: Story) -> None:
    label(story, f"{CUSTOMERS}#mail", "secret")
    assert story.ask("models", label="secret")["models"] == []
    assert len(story.ask("models")["models"]) == 1


def test_a_classification_of_a_whole_table_counts_for_what_its_columns_went_into(story: Story) -> None:
    label(story, CUSTOMERS, "restricted")
    [version] = story.session.get_many([story.id("churn/1")], ("labels",))
    assert version.labels == []  # columns decide what flows, and none of them bears it
    [found] = story.ask("models", label="restricted")["models"]
    [way] = found["ways"]
    assert story.names(way["path"]) == [
        CUSTOMERS, f"{CUSTOMERS}#city", f"{COPY}#city", f"{FEATURES}#city_code", FEATURES, "first try",
        "churn-model", "churn/1",
    ]  # fmt: skip
    assert [each["name"] for each in found["labels"]] == ["restricted"]
    assert story.names(found["columns"]) == [f"{CUSTOMERS}#city", f"{COPY}#city", f"{FEATURES}#city_code"]


def test_what_a_model_saw_stays_so_when_the_jobs_change(twice: Story) -> None:
    label(twice, f"{CUSTOMERS}#city", "secret")
    label(twice, f"{CUSTOMERS}#mail", "hidden")
    label(twice, f"{CUSTOMERS}#id", "number")
    [version] = twice.session.get_many([twice.id("churn/1")], ("labels",))
    assert version.labels == []  # nobody copies the city any more
    [found] = twice.ask("models", label="secret")["models"]
    [way] = found["ways"]
    assert (way["past"], way["edges"]) == (True, ["derived", "derived", "member", "input", "output"])
    assert twice.names(way["path"]) == [
        f"{CUSTOMERS}#city", f"{COPY}#city", f"{FEATURES}#city_code", FEATURES, "first try", "churn/1",
    ]  # fmt: skip
    assert [each["name"] for each in found["labels"]] == ["secret"]
    for masked in ("hidden", "number"):
        assert twice.ask("models", label=masked)["models"] == []


def test_production_is_what_one_takes_for_it(story: Story) -> None:
    experiment = story.mlflow("experiments/create", name="again")["experiment_id"]
    run = story.train(experiment, "second try", 30, "d2")
    number = story.register(run, experiment, "churn")
    assert [each["aliases"] for each in story.ask("models")["models"]] == [["champion"]]
    story.mlflow("model-versions/transition-stage", name="churn", version=number, stage="Production")
    found = {tuple(each["aliases"]) for each in story.ask("models")["models"]}
    assert found == {("champion",), ("Production",)}
    story.mlflow("registered-models/alias", name="churn", alias="shadow", version=number)
    assert [each["aliases"] for each in story.ask("models", alias="shadow")["models"]] == [["shadow"]]
    every = story.ask("models", alias="*")["models"]
    assert sorted(each["aliases"] for each in every) == [["Production", "shadow"], ["champion"]]


def test_models_by_the_data_that_they_were_trained_on(story: Story) -> None:
    [found] = story.ask("models", data=str(story.id(f"{CUSTOMERS}#city")))["models"]
    assert story.names(found["ways"][0]["path"])[-1] == "churn/1"
    assert story.ask("models", data=str(story.id(REPORT)))["models"] == []
    assert story.ask("models", 404, data="999999")["error"]["code"] == "not_found"


def test_models_and_their_ways_without_what_may_not_be_seen(
    story: Story, catalog: Catalog, session: Session
) -> None:
    label(story, f"{CUSTOMERS}#city", "secret")
    user = catalog.accounts.add_user(session, "ann", "a long password")
    for name in ("churn/1", "churn@champion"):
        uuid = session.get(ById(story.id(name)), ()).uuid
        catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "entity", uuid))
    ann = catalog.session(Principal(user.id, user.name), "test")
    answer = trained_models(ann, Wanted("secret"))
    [found] = answer.models
    assert (found.run, found.code, found.datasets, found.columns) == (None, None, [], [])
    assert [len(way.path) for way in found.ways] == [7]
    assert {node.name for node in answer.nodes} == {"churn/1"}


# Origins and code


def test_where_a_metric_came_from(story: Story) -> None:
    answer = story.about(story.id("first try"), "origin", metric="accuracy")
    assert (answer["value"], answer["step"]) == (0.9, 3)
    [way] = answer["ways"]
    assert story.names([step["id"] for step in way]) == [
        "first try", FEATURES, run_id(2), COPY, run_id(1), CUSTOMERS,
    ]  # fmt: skip
    assert [step.get("edge", "") for step in way] == ["", "input", "produces", "input", "produces", "input"]
    assert way[0]["code"]["commit"] == "c0ffee1234567"
    assert way[1]["version"] == "d1"
    assert way[2]["code"]["commit"] == "feature-1"
    assert way[4]["code"]["query"].startswith("SELECT id, sha256(mail)")
    assert story.name(way[4]["code"]["job"]) == "load"
    missing = story.ask(f"entities/{story.id('first try')}/origin", 404, metric="no such")
    assert "it has accuracy" in missing["error"]["message"]


def test_where_a_column_and_a_model_came_from(story: Story) -> None:
    [city, other] = story.about(story.id(f"{FEATURES}#city_code"), "origin")["ways"]
    ends = {story.name(way[-1]["id"]) for way in (city, other)}
    assert ends == {f"{CUSTOMERS}#city", f"{CUSTOMERS}#id"}
    assert story.name(city[1]["code"]["process"]) == "features"
    [model] = story.about(story.id("churn@champion"), "origin")["ways"]
    assert story.names([step["id"] for step in model])[:4] == [
        "churn@champion",
        "churn/1",
        "churn-model",
        "first try",
    ]
    [report] = story.about(story.id(REPORT), "origin")["ways"]
    assert story.name(report[-1]["id"]) == CUSTOMERS


def test_the_run_that_wrote_before_it_was_read_is_the_origin(twice: Story) -> None:
    [way] = twice.about(twice.id("first try"), "origin")["ways"]
    assert run_id(1) in twice.names([step["id"] for step in way])
    assert run_id(11) not in twice.names([step["id"] for step in way])


def test_origins_go_through_what_may_not_be_seen(story: Story, catalog: Catalog, session: Session) -> None:
    user = catalog.accounts.add_user(session, "ann", "a long password")
    for name in ("churn/1", CUSTOMERS):
        uuid = session.get(ById(story.id(name)), ()).uuid
        catalog.accounts.add_grant(session, Grant(0, "ann", "viewer", "entity", uuid))
    ann = catalog.session(Principal(user.id, user.name), "test")
    answer = origin(ann, ById(story.id("churn/1")), "", ways=5, most=100)
    ends = {way[-1].id for way in answer.ways}
    assert story.id(CUSTOMERS) in ends
    assert {node.name for node in answer.nodes} == {"churn/1", CUSTOMERS} | {
        node.name for node in answer.nodes if node.name.startswith(f"{CUSTOMERS}#")
    }
    assert all(step.code is None and not step.version for way in answer.ways for step in way[1:-1])


def test_which_code_made_it(twice: Story) -> None:
    found = twice.about(twice.id(COPY), "code")["code"]
    assert [(each["commit"], twice.name(each["process"])) for each in found] == [
        ("bbb222", run_id(11)),
        ("aaa111", run_id(1)),  # the job's code is another by now
    ]
    assert found[0]["repository"] == "https://git.example.com/etl"
    assert (found[0]["by"], found[0]["status"]) == ("ada", "COMPLETED")
    [model] = twice.about(twice.id("churn/1"), "code")["code"]
    assert (model["file"], model["by"], model["tool"]) == ("train.py", "grace", "mlflow")
    [column] = twice.about(twice.id(f"{FEATURES}#city_code"), "code")["code"]
    assert twice.name(column["process"]) == "features"
    assert twice.about(twice.id(CUSTOMERS), "code")["code"] == []


# Differences


def told(story: Story, changes: Any) -> set[tuple[str, str, str]]:
    return {(each["area"], each["what"], each["how"]) for each in changes}


def test_what_differs_between_two_trainings(twice: Story) -> None:
    columns = first_columns() | {"town": [(SHOP, CUSTOMERS, "city", "DIRECT")]}
    twice.load(21, 80, "ccc333", columns, 95)
    compute(twice, 22, 90)
    experiment = twice.mlflow("experiments/create", name="later")["experiment_id"]
    twice.train(experiment, "second try", 100, "d2", depth=5, commit="beef")
    before, after = twice.id("first try"), twice.id("second try")
    changes = twice.ask("diff", before=before, after=after)["changes"]
    near = told(twice, [each for each in changes if not each.get("distance")])
    assert near == {
        ("code", "commit", "changed"),
        ("parameters", "depth", "changed"),
        ("data", FEATURES, "changed"),
        ("lineage", FEATURES, "changed"),
    }
    [code] = [each for each in changes if each["area"] == "code" and each.get("distance") == 2]
    assert (code["before"], code["after"]) == ("aaa111", "ccc333")
    upstream = [each for each in changes if each.get("distance") == 1]
    assert ("schema", "town", "added") in told(twice, upstream)
    assert ("statistics", "row_count", "changed") in told(twice, upstream)


def test_what_differs_between_two_versions_of_data(twice: Story) -> None:
    listed = twice.about(twice.id(COPY), "versions")["versions"]
    assert [each["rows"] for each in listed] == [90, 100]
    assert listed[0]["changes"] == ["town renamed", "mail_hash dropped", "age added", "rows -10"]
    changes = twice.ask(
        "diff", before=twice.id(COPY), before_version=listed[1]["name"], after_version=listed[0]["name"]
    )["changes"]
    assert told(twice, changes) >= {
        ("schema", "town", "renamed"),
        ("schema", "mail_hash", "dropped"),
        ("schema", "age", "added"),
        ("statistics", "row_count", "changed"),
        ("code", "commit", "changed"),
    }
    by_id = twice.ask("diff", before=listed[1]["id"], after=listed[0]["id"])["changes"]
    assert by_id == changes


def test_versions_that_only_readers_told_of(story: Story) -> None:
    experiment = story.mlflow("experiments/create", name="again")["experiment_id"]
    story.train(experiment, "second try", 30, "d2")
    names = [each["name"] for each in story.about(story.id(FEATURES), "versions")["versions"]]
    assert names[:2] == ["d2", "d1"]
    changes = story.ask("diff", before=story.id(FEATURES), before_version="d1", after_version="d2")["changes"]
    assert told(story, changes) == {("data", FEATURES, "changed")}


def test_what_cannot_be_compared_is_refused(story: Story) -> None:
    session = story.session
    with pytest.raises(Invalid, match="data is compared with data"):
        diff(session, Side(ById(story.id(COPY))), Side(ById(story.id("first try"))))
    with pytest.raises(NotFound, match="has no version"):
        diff(session, Side(ById(story.id(COPY)), "none"), Side(ById(story.id(COPY))))
    with pytest.raises(Invalid, match="how it was made"):
        diff(session, Side(ById(story.id("churn study"))), Side(ById(story.id("churn study"))))
    with pytest.raises(Invalid, match="only data sets"):
        diff(session, Side(ById(story.id("churn/1")), "1"), Side(ById(story.id("churn/1"))))


def test_environments_differ_by_package(story: Story) -> None:
    session = story.session
    experiment = story.mlflow("experiments/create", name="again")["experiment_id"]
    runs = [story.train(experiment, name, 30, "d1") for name in ("a", "b")]
    for run, version in zip(runs, ("1.5", "1.6"), strict=True):
        requirements = [f"scikit-learn=={version}", "mlflow"]
        environment = {"python": "3.11.7", "requirements": requirements}
        from lineal.graph.mlflow.names import run_ref

        session.commit(Change([PutFacet(run_ref(run), "environment", environment)]))
    changes = story.ask("diff", before=story.id("a"), after=story.id("b"))["changes"]
    [found] = [each for each in changes if each["area"] == "environment"]
    assert (found["what"], found["before"], found["after"]) == ("scikit-learn", "1.5", "1.6")


# Causes


def test_the_first_change_upstream_is_the_cause(twice: Story) -> None:
    answer = twice.about(twice.run(12), "cause")
    assert answer["error"] == 'column "city" does not exist'
    assert answer["well"] == START + 10 * MINUTE
    likely = [each for each in answer["suspects"] if each.get("likely", True)]
    assert [(each["kind"], twice.name(each["entity"])) for each in likely] == [
        ("code", "load"), ("schema", COPY), ("data", COPY),
    ]  # fmt: skip
    code, schema, data = likely
    assert (code["before"]["commit"], code["after"]["commit"]) == ("aaa111", "bbb222")
    assert schema["what"] == "town renamed, mail_hash dropped, age added"
    assert (data["before"], data["after"]) == (100, 90)
    assert twice.names(code["path"]) == ["load", COPY, "features"]
    by_job = twice.about(twice.id("features"), "cause")
    assert by_job["suspects"] == answer["suspects"]


def test_a_run_upstream_that_failed_and_data_that_was_dropped(story: Story) -> None:
    story.event("FAIL", "load", 31, 40, error="no space left")
    story.event("FAIL", "report", 33, 50, inputs=[{"namespace": LAKE, "name": COPY}])
    suspects = story.about(story.run(33), "cause")["suspects"]
    assert [(each["kind"], each["what"]) for each in suspects] == [("failed", "failed: no space left")]
    dropped = {
        "namespace": LAKE, "name": COPY,
        "facets": {"lifecycleStateChange": facet(lifecycleStateChange="DROP")},
    }  # fmt: skip
    told = {
        "eventTime": "2026-03-01T10:51:00Z", "producer": "https://example.com/etl", "dataset": dropped,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/DatasetEvent",
    }  # fmt: skip
    assert story.send("POST", "/api/v1/lineage", json=told).status_code == 201
    copy = story.id(COPY, "dataset")
    assert story.about(copy, "versions")["deleted"]
    gone = story.ask("stale")["datasets"]
    assert [(story.name(each["id"]), each["readers"]) for each in gone if each.get("deleted")] == [(COPY, 2)]
    later = int(time.time() * 1000) + MINUTE
    kinds = [each["kind"] for each in story.about(story.id("report"), "cause", at=later)["suspects"]]
    assert "dropped" in kinds


def test_data_that_is_not_written_when_it_is_due_is_stale(story: Story) -> None:
    for number in range(4):
        story.load(40 + number, 60 + 10 * number, "aaa111", first_columns(), 100)
    dataset = story.session.get(ByName("dataset", COPY, LAKE))
    fresh = freshness(story.session, dataset, START + 95 * MINUTE)
    assert (fresh.interval, fresh.stale) == (10 * MINUTE, False)
    assert freshness(story.session, dataset, START + 110 * MINUTE).stale
    assert [story.name(each["id"]) for each in story.ask("stale")["datasets"]] == [COPY]
    story.event("FAIL", "report", 50, 180, inputs=[{"namespace": LAKE, "name": COPY}])
    kinds = {each["kind"]: each for each in story.about(story.run(50), "cause")["suspects"]}
    assert kinds["stale"]["at"] == START + 100 * MINUTE
    assert freshness(story.session, story.session.get(ByName("dataset", CUSTOMERS, SHOP)), 0).written is None
