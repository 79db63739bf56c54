"""What known facets mean, and that unknown ones are kept."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocols.openlineage.conftest import (
    OTHER,
    PRODUCER,
    RUN,
    WAREHOUSE,
    Receiver,
    at,
    data,
    dataset_event,
    facet,
    job_event,
    lineage,
    run_event,
    schema,
)

from lineal.graph import openlineage as names
from lineal.graph.change import Change, PutEntity, PutLabel
from lineal.graph.model import ByName

SOURCE, TARGET = "shop.public.orders", "shop.public.daily"
LATER = "0190a0b5-8a6e-7a5c-8f0e-1a2b3c4d5e71"


def written(second: float = 0, run: str = RUN, job: str = "load", **facets: Any) -> dict[str, Any]:
    return run_event("COMPLETE", second, run=run, job=job, outputs=[data(TARGET, **facets)])


class TestKeeping:
    def test_each_under_its_own_name(self, receiver: Receiver) -> None:
        own = facet(anything={"nested": [1, None, {"x": None}]})
        receiver.post(
            run_event(run_facets={"acme": own}, job_facets={"acme": own}, outputs=[data(TARGET, acme=own)])
        )
        for entity in (receiver.run(), receiver.job(), receiver.dataset(TARGET)):
            assert entity.facets["acme"] == own

    def test_the_newest_wins(self, receiver: Receiver) -> None:
        receiver.post(
            written(5, acme=facet(x=5)), written(1, RUN[:-1] + "0", acme=facet(x=1), only=facet(y=1))
        )
        facets = receiver.dataset(TARGET).facets
        assert facets["acme"]["x"] == 5 and facets["only"]["y"] == 1

    def test_the_newest_wins_after_a_restart(self, receiver: Receiver) -> None:
        receiver.post(written(5, acme=facet(x=5)))
        receiver.forget()
        receiver.post(written(1, OTHER, acme=facet(x=1)))
        assert receiver.dataset(TARGET).facets["acme"]["x"] == 5

    def test_what_is_said_to_be_deleted_is_gone(self, receiver: Receiver) -> None:
        receiver.post(
            written(
                0, acme=facet(x=1), documentation=facet(description="d"), tags=facet(tags=[{"key": "a"}])
            ),
            written(
                9,
                OTHER,
                acme=facet(_deleted=True),
                documentation=facet(_deleted=True),
                tags=facet(_deleted=True),
            ),
        )
        entity = receiver.dataset(TARGET)
        assert entity.facets.keys().isdisjoint({"acme", "documentation", "tags"})
        assert "description" not in entity.properties and entity.labels == []

    def test_null_says_nothing(self, receiver: Receiver) -> None:
        receiver.post(written(0, acme=facet(x=1)), written(9, OTHER, acme=None))
        assert receiver.dataset(TARGET).facets["acme"]["x"] == 1

    @pytest.mark.parametrize(
        "value", [7, "text", [], {}, {"fields": 7}, {"fields": [{"name": 7}, 3, {}]}, True]
    )
    def test_what_is_ill_formed_does_no_harm(self, receiver: Receiver, value: Any) -> None:
        from lineal.protocols.openlineage import meanings

        receiver.post(
            run_event(
                run_facets=dict.fromkeys(meanings.RUN, value),
                job_facets=dict.fromkeys(meanings.JOB, value),
                inputs=[data(SOURCE, inputFacets=dict.fromkeys(meanings.DATASET, value))],
                outputs=[data(TARGET, **dict.fromkeys(meanings.DATASET, value))],
            )
        )
        kept = receiver.dataset(TARGET).facets
        assert kept.get("schema", kept.get("openlineage.schema")) == value
        assert kept["columnLineage"] == value

    def test_a_name_that_means_something_else_here(self, receiver: Receiver) -> None:
        receiver.post(
            run_event(job_facets={"environment": facet(python=[3]), "statistics": facet(row_count="many")})
        )
        assert receiver.job().facets.keys() >= {"openlineage.environment", "openlineage.statistics"}


class TestSchemas:
    def test_nested_fields_are_columns(self, receiver: Receiver) -> None:
        told = schema("id int", "buyer struct")
        told["fields"][1]["fields"] = [{"name": "mail", "type": "text", "description": "where to write"}]
        receiver.post(written(schema=told))
        columns = receiver.columns(TARGET)
        assert [*columns] == ["id", "buyer", "buyer.mail"]
        assert columns["buyer.mail"].properties == {
            "type": "text",
            "description": "where to write",
            "position": 1,
        }
        assert ("member", TARGET, f"{TARGET}#buyer.mail") in receiver.edges("member")
        assert receiver.dataset(TARGET).facets["schema"] == told

    def test_a_column_that_is_told_no_more_was_dropped(self, receiver: Receiver) -> None:
        receiver.post(written(0, schema=schema("a", "b")), written(1, OTHER, schema=schema("b", "c")))
        assert [*receiver.columns(TARGET)] == ["b", "c"]
        assert [*receiver.columns(TARGET, "deleted")] == ["a"]
        receiver.forget()
        receiver.post(written(2, LATER, schema=schema("a int")))
        assert [*receiver.columns(TARGET)] == ["a"]
        assert receiver.columns(TARGET)["a"].properties["type"] == "int"

    def test_who_reads_does_not_know_better_than_who_writes(self, receiver: Receiver) -> None:
        receiver.post(run_event("COMPLETE", 0, inputs=[data(SOURCE, schema=schema("a"))], job="read"))
        assert [*receiver.columns(SOURCE)] == ["a"]
        receiver.post(
            run_event("COMPLETE", 1, run=OTHER, outputs=[data(SOURCE, schema=schema("a", "b"))], job="write")
        )
        receiver.post(
            run_event("COMPLETE", 2, run=LATER, inputs=[data(SOURCE, schema=schema("a"))], job="read")
        )
        assert [*receiver.columns(SOURCE)] == ["a", "b"]


class TestColumnLineage:
    def test_kinds_of_edges(self, receiver: Receiver) -> None:
        told = lineage(
            plain=[(SOURCE, "a")],
            hashed=[(SOURCE, "a", {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True})],
            joined=[(SOURCE, "b", {"type": "INDIRECT", "subtype": "JOIN", "description": "a = b"})],
        )
        told["dataset"] = [
            {
                "namespace": WAREHOUSE, "name": SOURCE, "field": "c",
                "transformations": [{"type": "INDIRECT", "subtype": "FILTER"}],
            }
        ]  # fmt: skip
        receiver.post(written(columnLineage=told))
        found = {
            (kind, source, target): detail
            for kind, source, target, detail in receiver.detailed(*names.COLUMN_EDGES)
        }
        column = f"{SOURCE}#{{}}".format
        assert found.keys() == {
            ("derived", column("a"), f"{TARGET}#plain"),
            ("masked", column("a"), f"{TARGET}#hashed"),
            ("influences", column("b"), f"{TARGET}#joined"),
            ("influences", column("c"), TARGET),
        }
        assert found["influences", column("b"), f"{TARGET}#joined"] == {
            "type": "INDIRECT", "subtype": "JOIN", "description": "a = b", "masking": False, "certain": True,
            "job": "nightly|load",
        }  # fmt: skip
        assert receiver.dataset(TARGET).facets["columnLineage"] == told

    def test_several_ways_from_one_to_the_other(self, receiver: Receiver) -> None:
        ways = [
            {"type": "DIRECT", "subtype": "IDENTITY"},
            {"type": "DIRECT", "masking": True},
            {"type": "INDIRECT"},
        ]
        told = lineage(x=[(SOURCE, "a", way) for way in ways])
        receiver.post(written(columnLineage=told))
        assert {kind for kind, *_ in receiver.edges(*names.COLUMN_EDGES)} == {
            "derived",
            "masked",
            "influences",
        }

    @pytest.mark.parametrize(("kind", "edge"), [("IDENTITY", "derived"), ("MASKED", "masked")])
    def test_the_older_pair(self, receiver: Receiver, kind: str, edge: str) -> None:
        told = lineage(x=[(SOURCE, "a")])
        del told["fields"]["x"]["inputFields"][0]["transformations"]
        told["fields"]["x"] |= {"transformationType": kind, "transformationDescription": "as it is"}
        receiver.post(written(columnLineage=told))
        ((found, _, _, detail),) = receiver.detailed(*names.COLUMN_EDGES)
        assert (found, detail["subtype"], detail["description"]) == (edge, kind, "as it is")

    def test_what_a_job_tells_no_more_is_gone_and_what_another_told_stays(self, receiver: Receiver) -> None:
        receiver.post(
            written(0, columnLineage=lineage(x=[(SOURCE, "a"), (SOURCE, "b")])),
            written(1, OTHER, "other", columnLineage=lineage(x=[(SOURCE, "c")])),
        )
        receiver.forget()
        receiver.post(written(2, LATER, columnLineage=lineage(x=[(SOURCE, "a")])))
        sources = {source.rpartition("#")[2] for _, source, _ in receiver.edges("derived")}
        assert sources == {"a", "c"}

    def test_a_column_made_of_itself(self, receiver: Receiver) -> None:
        receiver.post(written(columnLineage=lineage(x=[(TARGET, "x"), (TARGET, "y")])))
        assert receiver.edges("derived") == {("derived", f"{TARGET}#y", f"{TARGET}#x")}

    def test_columns_decide_what_a_classification_does(self, receiver: Receiver) -> None:
        told = lineage(
            mail=[(SOURCE, "mail")],
            hashed=[(SOURCE, "mail", {"type": "DIRECT", "masking": True})],
            count=[(SOURCE, "id"), (SOURCE, "mail", {"type": "INDIRECT", "subtype": "FILTER"})],
        )
        read = data(SOURCE, schema=schema("id", "mail"))
        receiver.post(run_event("START", 0, inputs=[read], outputs=[data(TARGET)]))
        receiver.post(run_event("COMPLETE", 1, inputs=[read], outputs=[data(TARGET, columnLineage=told)]))
        column = ByName("column", f"{SOURCE}#mail", WAREHOUSE)
        receiver.session.commit(Change([PutLabel(column, "personal")]))
        bearers = {path for path, each in receiver.columns(TARGET).items() if each.labels}
        assert bearers == {"mail"}
        assert [each.name for each in receiver.dataset(SOURCE).labels] == ["personal"]
        assert [each.name for each in receiver.dataset(TARGET).labels] == ["personal"]

    def test_one_that_is_taken_back(self, receiver: Receiver) -> None:
        receiver.post(written(0, columnLineage=lineage(x=[(SOURCE, "a")])))
        receiver.post(written(1, OTHER, columnLineage=facet(_deleted=True)))
        assert receiver.edges(*names.COLUMN_EDGES) == set()
        assert ("output", "load", TARGET) in receiver.edges()


class TestExplicitLineage:
    def test_of_a_data_set(self, receiver: Receiver) -> None:
        told = facet(
            inputs=[{"namespace": WAREHOUSE, "name": SOURCE, "type": "DATASET"}],
            fields={
                "x": {"inputs": [{"namespace": WAREHOUSE, "name": SOURCE, "type": "DATASET", "field": "a"}]},
            },
        )
        receiver.post(dataset_event(data(TARGET, lineage=told)))
        assert receiver.edges(*names.COLUMN_EDGES) == {
            ("derived", f"{SOURCE}#a", f"{TARGET}#x"),
            ("influences", SOURCE, TARGET),
        }

    def test_of_a_job(self, receiver: Receiver) -> None:
        entries = [
            {
                "namespace": WAREHOUSE, "name": TARGET, "type": "DATASET",
                "inputs": [{"namespace": WAREHOUSE, "name": SOURCE, "type": "DATASET"}],
            },
            {"type": "JOB", "inputs": [{"namespace": WAREHOUSE, "name": "rates", "type": "DATASET"}]},
            {"type": "JOB", "namespace": "nightly", "name": "after", "inputs": [{"type": "JOB"}]},
        ]  # fmt: skip
        receiver.post(job_event(job_facets={"lineage": facet(entries=entries)}))
        assert receiver.edges() == {
            ("derived", SOURCE, TARGET),
            ("produces", "load", TARGET),
            ("input", "rates", "load"),
            ("derived", "load", "after"),
        }


class TestDataSets:
    def test_other_names(self, receiver: Receiver) -> None:
        told = facet(
            identifiers=[{"namespace": "hive://metastore:9083", "name": "shop.daily", "type": "TABLE"}]
        )
        receiver.post(run_event(outputs=[data("warehouse/daily", "s3://lake", symlinks=told)]))
        receiver.forget()
        receiver.post(run_event(run=OTHER, job="read", inputs=[data("shop.daily", "hive://metastore:9083")]))
        assert receiver.edges("input", "output") == {
            ("output", "run", "warehouse/daily"), ("output", "load", "warehouse/daily"),
            ("input", "warehouse/daily", "run"), ("input", "warehouse/daily", "read"),
        }  # fmt: skip
        assert receiver.session.counts()["dataset"] == 1

    def test_other_names_that_are_there_already(self, receiver: Receiver) -> None:
        receiver.post(dataset_event(data("shop.daily", "hive://metastore:9083")))
        told = facet(
            identifiers=[{"namespace": "hive://metastore:9083", "name": "shop.daily", "type": "TABLE"}]
        )
        receiver.post(dataset_event(data("warehouse/daily", "s3://lake", symlinks=told), 1))
        assert receiver.edges("same_as") == {
            ("same_as", "warehouse/daily", "shop.daily"),
            ("same_as", "shop.daily", "warehouse/daily"),
        }

    def test_one_node_whatever_the_way_of_writing(self, receiver: Receiver) -> None:
        receiver.post(run_event(outputs=[data("a/b.parquet", "s3a://lake")]))
        receiver.post(run_event(run=OTHER, inputs=[data("/a/b.parquet", "s3://lake")], job="read"))
        entity = receiver.dataset("a/b.parquet", "s3://lake")
        assert {each.id for each in entity.external} == {"s3a://lake|a/b.parquet", "s3://lake|/a/b.parquet"}
        assert receiver.session.counts()["dataset"] == 1

    def test_dropped_and_made_anew(self, receiver: Receiver) -> None:
        drop = facet(lifecycleStateChange="DROP")
        receiver.post(written(0), written(5, OTHER, lifecycleStateChange=drop))
        assert receiver.dataset(TARGET).state == "deleted"
        receiver.forget()
        receiver.post(written(3, LATER))
        assert receiver.dataset(TARGET).state == "deleted"
        receiver.post(written(7, LATER[:-1] + "2", lifecycleStateChange=facet(lifecycleStateChange="CREATE")))
        assert receiver.dataset(TARGET).state == "active"
        receiver.post(written(8, LATER[:-1] + "3", lifecycleStateChange=drop))
        receiver.post(written(9, LATER[:-1] + "4", lifecycleStateChange=drop))
        assert receiver.dataset(TARGET).state == "deleted"

    def test_renamed(self, receiver: Receiver) -> None:
        receiver.post(dataset_event(data("old")))
        change = facet(
            lifecycleStateChange="RENAME", previousIdentifier={"namespace": WAREHOUSE, "name": "old"}
        )
        receiver.post(dataset_event(data("new", lifecycleStateChange=change), 5))
        assert receiver.dataset("old").state == "deleted" and receiver.dataset("new").state == "active"
        assert receiver.edges("same_as") == {("same_as", "old", "new")}

    def test_metrics_and_assertions(self, receiver: Receiver) -> None:
        metrics = facet(
            rowCount=10,
            bytes=1000,
            columnMetrics={
                "a": {
                    "nullCount": 1, "distinctCount": 3, "sum": 20, "count": 10, "min": 0, "max": 5,
                    "quantiles": {"0.5": 2},
                }
            },
        )  # fmt: skip
        checks = facet(
            assertions=[
                {"assertion": "not_null", "success": True},
                {"assertion": "unique", "success": False, "column": "a"},
            ]
        )
        receiver.post(
            run_event(
                inputs=[
                    data(SOURCE, inputFacets={"dataQualityMetrics": metrics, "dataQualityAssertions": checks})
                ]
            )
        )
        entity = receiver.dataset(SOURCE)
        assert entity.facets["statistics"] == {
            "row_count": 10, "bytes": 1000,
            "columns": {
                "a": {
                    "null_count": 1, "distinct_count": 3, "min": 0, "max": 5, "mean": 2.0, "quantiles": {"0.5": 2}
                }
            },
        }  # fmt: skip
        assert (entity.properties["assertions.passed"], entity.properties["assertions.failed"]) == (1, 1)
        (detail,) = [detail for _, _, target, detail in receiver.detailed("input") if target == "run"]
        assert detail["facets"] == {"dataQualityMetrics": metrics, "dataQualityAssertions": checks}

    def test_what_else_becomes_properties(self, receiver: Receiver) -> None:
        receiver.post(
            written(
                documentation=facet(description="one row a day"),
                storage=facet(storageLayer="iceberg", fileFormat="parquet"),
                datasetType=facet(datasetType="TABLE"),
                hierarchy=facet(
                    hierarchy=[{"type": "DATABASE", "name": "shop"}, {"type": "TABLE", "name": "daily"}]
                ),
                dataSource=facet(name="warehouse", uri="postgres://me:hidden@warehouse:5432/shop"),
            )
        )
        properties = receiver.dataset(TARGET).properties
        assert properties.items() >= {
            "description": "one row a day", "storage.layer": "iceberg", "storage.format": "parquet",
            "dataset.type": "TABLE", "hierarchy": "shop.daily", "source": "warehouse",
            "uri": "postgres://me:[removed]@warehouse:5432/shop",
        }.items()  # fmt: skip

    def test_owners(self, receiver: Receiver) -> None:
        told = [{"name": "user:ann", "type": "MAINTAINER"}, {"name": "team:data"}]
        receiver.post(written(0, ownership=facet(owners=told)))
        assert receiver.edges("owns") == {("owns", "user:ann", TARGET), ("owns", "team:data", TARGET)}
        assert receiver.dataset(TARGET).owner == "user:ann" and receiver.named("group", "team:data")
        receiver.forget()
        receiver.post(written(1, OTHER, ownership=facet(owners=told[1:])))
        assert receiver.edges("owns") == {("owns", "team:data", TARGET)}

    def test_tags_of_data_sets_and_of_fields(self, receiver: Receiver) -> None:
        told = [
            {"key": "gold", "value": "true"},
            {"key": "team", "value": "blue"},
            {"key": "pii", "value": "true", "field": "mail"},
        ]
        receiver.post(written(0, schema=schema("mail"), tags=facet(tags=told)))
        assert {(each.name, each.category) for each in receiver.dataset(TARGET).labels} == {
            ("gold", "tag"),
            ("team:blue", "tag"),
        }
        assert [each.name for each in receiver.columns(TARGET)["mail"].labels] == ["pii"]
        receiver.session.commit(Change([PutLabel(names.dataset_ref(WAREHOUSE, TARGET), "by hand", "tag")]))
        receiver.forget()
        receiver.post(written(1, OTHER, tags=facet(tags=told[1:2])))
        assert {each.name for each in receiver.dataset(TARGET).labels} == {"team:blue", "by hand"}
        assert receiver.columns(TARGET)["mail"].labels == []


class TestJobsAndRuns:
    def test_of_jobs(self, receiver: Receiver) -> None:
        receiver.post(
            run_event(
                job_facets={
                    "sql": facet(query="select 1", dialect="postgres"),
                    "sourceCode": facet(language="python", sourceCode="print(1)"),
                    "sourceCodeLocation": facet(
                        type="git", url="https://example.com/r/blob/main/a.py", version="abc", branch="main"
                    ),
                    "documentation": facet(description="loads"),
                    "jobType": facet(processingType="BATCH", integration="DBT", jobType="MODEL"),
                    "ownership": facet(owners=[{"name": "ann"}]),
                    "tags": facet(tags=[{"key": "core", "value": "true", "source": "USER"}]),
                }
            )
        )
        job = receiver.job()
        assert job.properties.items() >= {
            "description": "loads", "job.processing": "BATCH", "job.integration": "DBT", "job.type": "MODEL",
        }.items()  # fmt: skip
        assert job.facets["source_code"] == {
            "language": "python", "text": "print(1)", "type": "git", "version": "abc", "branch": "main",
            "url": "https://example.com/r/blob/main/a.py",
        }  # fmt: skip
        assert [each.name for each in job.labels] == ["core"]
        assert receiver.edges("owns") == {("owns", "ann", "load")}

    def test_of_runs(self, receiver: Receiver) -> None:
        receiver.post(
            run_event(
                "FAIL",
                run_facets={
                    "nominalTime": facet(nominalStartTime=at(0), nominalEndTime=at(60)),
                    "errorMessage": facet(
                        message="out of memory", programmingLanguage="JAVA", stackTrace="…"
                    ),
                    "tags": facet(
                        tags=[
                            {"key": "env", "value": "prod"},
                            {"key": "openlineage_client_version", "value": "1"},
                        ]
                    ),
                    "test": facet(tests=[{"name": "a", "status": "pass"}, {"name": "b", "status": "fail"}]),
                },
            )
        )
        properties = receiver.run().properties
        assert properties["nominal_end"] - properties["nominal_start"] == 60_000
        assert properties.items() >= {
            "error": "out of memory", "error.language": "JAVA", "tag.env": "prod", "tests.failed": 1, "tests.passed": 1,
        }.items()  # fmt: skip
        assert "tag.openlineage_client_version" not in properties

    @pytest.mark.parametrize("name", ["parent", "parentRun"])
    def test_parents(self, receiver: Receiver, name: str) -> None:
        parent = {
            "run": {"runId": OTHER},
            "job": {"namespace": "nightly", "name": "dag.task"},
            "root": {"run": {"runId": LATER}, "job": {"namespace": "nightly", "name": "dag"}},
        }
        receiver.post(run_event("START", run_facets={name: facet(**parent)}))
        assert ("parent", "dag.task", "load") in receiver.edges("parent")
        assert ("parent", "run", "run") in receiver.edges("parent")
        assert (
            receiver.run(OTHER).properties["status"] == "NEW"
            and receiver.run().properties["root_run"] == LATER
        )
        receiver.post(run_event("COMPLETE", 5, run=OTHER, job="dag.task"))
        assert receiver.run(OTHER).properties["status"] == "COMPLETED"

    def test_a_job_that_is_its_own_parent(self, receiver: Receiver) -> None:
        parent = {"run": {"runId": RUN}, "job": {"namespace": "nightly", "name": "load"}}
        receiver.post(run_event(run_facets={"parent": facet(**parent)}))
        assert receiver.edges("parent") == set()


class TestVersions:
    def test_each_writing_run_makes_one(self, receiver: Receiver) -> None:
        for second, run in enumerate((RUN, OTHER)):
            receiver.post(
                run_event("START", second * 10, run=run, outputs=[data(TARGET, schema=schema("a"))])
            )
            receiver.post(run_event("COMPLETE", second * 10 + 5, run=run))
        first, second_version = receiver.versions(TARGET)
        assert (first.properties["run"], second_version.properties["run"]) == (RUN, OTHER)
        assert first.properties["job"] == "nightly|load"
        assert [field["name"] for field in first.facets["schema"]["fields"]] == ["a"]
        assert receiver.dataset(TARGET).properties[names.CURRENT_VERSION] == second_version.external[0].id
        assert first.external[0].id == names.version_id(WAREHOUSE, TARGET, RUN)
        assert len(receiver.edges("version")) == 1  # both by the name of their data set

    def test_a_run_that_only_began_or_reads_makes_none(self, receiver: Receiver) -> None:
        receiver.post(run_event("START", outputs=[data(TARGET)], inputs=[data(SOURCE)]), run_event("FAIL", 1))
        assert receiver.versions(TARGET) == [] == receiver.versions(SOURCE)

    def test_a_run_that_failed_after_it_wrote_makes_one(self, receiver: Receiver) -> None:
        statistics = {"outputStatistics": facet(rowCount=3)}
        receiver.post(run_event("FAIL", 1, outputs=[data(TARGET, outputFacets=statistics)]))
        (version,) = receiver.versions(TARGET)
        assert version.facets["statistics"] == {"row_count": 3}

    def test_content_that_is_what_it_was(self, receiver: Receiver) -> None:
        receiver.post(
            written(0, version=facet(datasetVersion="v1")),
            written(1, OTHER, version=facet(datasetVersion="v1")),
        )
        (version,) = receiver.versions(TARGET)
        details = [detail for kind, source, _, detail in receiver.detailed("output") if source == "run"]
        assert {"version": version.external[0].id} in details
        receiver.post(written(2, LATER, version=facet(datasetVersion="v2")))
        assert [each.properties["version"] for each in receiver.versions(TARGET)] == ["v1", "v2"]

    def test_events_about_the_data_set_alone(self, receiver: Receiver) -> None:
        for second, columns in enumerate((["a"], ["a"], ["a", "b"], ["a", "b"])):
            receiver.post(dataset_event(data(TARGET, schema=schema(*columns)), second))
        hashes = [each.properties[names.SCHEMA_HASH] for each in receiver.versions(TARGET)]
        assert len(hashes) == 2 == len(set(hashes))

    def test_what_was_read_is_the_version_of_that_time(self, receiver: Receiver) -> None:
        receiver.post(written(0))
        receiver.post(run_event("START", 1, run=OTHER, job="read", inputs=[data(TARGET)]))
        receiver.post(written(2, LATER))
        receiver.post(run_event("COMPLETE", 3, run=OTHER, job="read", inputs=[data(TARGET)]))
        (detail,) = [detail for _, _, target, detail in receiver.detailed("input") if target == "run"]
        assert detail == {"version": names.version_id(WAREHOUSE, TARGET, RUN)}


class TestOtherDoors:
    def test_a_data_set_that_another_door_made_is_the_same_node(self, receiver: Receiver) -> None:
        address = names.dataset_ref(WAREHOUSE, TARGET)
        receiver.session.commit(Change([PutEntity(address, kind="dataset", properties={"mine": 1})]))
        receiver.post(written(schema=schema("a")))
        assert receiver.dataset(TARGET).properties["mine"] == 1
        assert PRODUCER in receiver.dataset(TARGET).facets["schema"]["_producer"]

    def test_what_somebody_else_changed_meanwhile_is_looked_at_again(self, receiver: Receiver) -> None:
        receiver.post(written(0, schema=schema("a")))
        address = names.dataset_ref(WAREHOUSE, TARGET)
        receiver.session.commit(Change([PutEntity(address, state="deleted", properties={"mine": 1})]))
        receiver.post(written(5, OTHER, schema=schema("a"), documentation=facet(description="d")))
        entity = receiver.dataset(TARGET)
        assert (entity.state, entity.properties["mine"], entity.properties["description"]) == (
            "active",
            1,
            "d",
        )
