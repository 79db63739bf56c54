"""A job that reads its tables out of its SQL with openlineage-sql, and tells of no columns."""

import json
from datetime import UTC, datetime

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import schema_dataset, sql_job
from openlineage.client.uuid import generate_new_uuid
from openlineage_sql import parse

SQL = """
insert into daily (day, total, people)
select o.day, sum(o.amount) as total, count(distinct c.mail) as people
from orders o join customers c on c.id = o.customer
group by o.day
"""
COLUMNS = {"orders": ["day", "amount", "customer"], "customers": ["id", "mail"], "daily": []}
NAMESPACE = "postgres://db:5432"


def dataset(kind: type, table: str) -> object:
    fields = [schema_dataset.SchemaDatasetFacetFields(name=name) for name in COLUMNS[table]]
    facets = {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)} if fields else {}
    return kind(NAMESPACE, f"shop.public.{table}", facets=facets)


meta = parse([SQL], dialect="postgres")
run = Run(str(generate_new_uuid()))
OpenLineageClient().emit(
    RunEvent(
        eventTime=datetime.now(UTC).isoformat(),
        producer="https://example.com/queries.py",
        run=run,
        job=Job("nightly", "daily", {"sql": sql_job.SQLJobFacet(query=SQL)}),
        eventType=RunState.COMPLETE,
        inputs=[dataset(InputDataset, table.name) for table in meta.in_tables],
        outputs=[dataset(OutputDataset, table.name) for table in meta.out_tables],
    )
)
print(json.dumps({"run": run.runId, "inputs": sorted(table.name for table in meta.in_tables)}))
