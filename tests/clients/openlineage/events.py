"""What a user of openlineage-python writes: events of each sort, sent by the client as its environment says."""

import json
import os
from datetime import UTC, datetime, timedelta

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    Dataset,
    DatasetEvent,
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
)
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    environment_variables_run,
    nominal_time_run,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
    sql_job,
)
from openlineage.client.uuid import generate_new_uuid

PRODUCER = "https://example.com/load.py"
BEGUN = datetime(2026, 3, 1, 10, tzinfo=UTC)


def schema(*names: str) -> dict:
    fields = [schema_dataset.SchemaDatasetFacetFields(name=name, type="text") for name in names]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)}


def lineage() -> dict:
    way = column_lineage_dataset.Transformation(type="DIRECT", subtype="TRANSFORMATION", masking=True)
    field = column_lineage_dataset.InputField("postgres://db:5432", "shop.public.people", "mail", [way])
    fields = {"hash": column_lineage_dataset.Fields(inputFields=[field])}
    return {"columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields)}


os.environ["MY_PASSWORD"] = "swordfish"
client = OpenLineageClient()
run_id, parent_id = str(generate_new_uuid()), str(generate_new_uuid())
facets = {
    "nominalTime": nominal_time_run.NominalTimeRunFacet(nominalStartTime=BEGUN.isoformat()),
    "parent": parent_run.ParentRunFacet(run=parent_run.Run(parent_id), job=parent_run.Job("nightly", "dag")),
    "environmentVariables": environment_variables_run.EnvironmentVariablesRunFacet(
        [
            environment_variables_run.EnvironmentVariable("MY_PASSWORD", "swordfish"),
            environment_variables_run.EnvironmentVariable("LANG", "C.UTF-8"),
        ]
    ),
}
job = Job("nightly", "dag.load", {"sql": sql_job.SQLJobFacet(query="select 1")})
source = InputDataset("postgres://db:5432", "shop.public.people", facets=schema("mail"))
rows = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=12, size=345)
target = OutputDataset(
    "s3://lake",
    "people.parquet",
    facets={**schema("hash"), **lineage()},
    outputFacets={"outputStatistics": rows},
)
for state, after in ((RunState.START, 0), (RunState.RUNNING, 1), (RunState.COMPLETE, 2)):
    moment = (BEGUN + timedelta(seconds=after)).isoformat()
    run = Run(run_id, facets if state is RunState.START else {})
    client.emit(RunEvent(eventTime=moment, producer=PRODUCER, run=run, job=job, eventType=state,
                         inputs=[source], outputs=[target]))  # fmt: skip
client.emit(DatasetEvent(eventTime=BEGUN.isoformat(), producer=PRODUCER,
                         dataset=Dataset("s3://lake", "alone.parquet", facets=schema("a", "b"))))  # fmt: skip
client.emit(
    JobEvent(eventTime=BEGUN.isoformat(), producer=PRODUCER, job=Job("nightly", "planned"), inputs=[source])
)
client.close()
print(json.dumps({"run": run_id, "parent": parent_id, "transport": type(client.transport).__name__}))
