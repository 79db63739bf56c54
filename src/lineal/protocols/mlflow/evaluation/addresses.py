"""By which ids MLflow knows what evaluation keeps beside data sets and scorers, whose are in `graph.mlflow.evaluation`.

| MLflow | the graph | address |
|---|---|---|
| label schema | `label_schema` at home in its experiment | `mlflow.label_schema`, `mlflow.label_schema_name` |
| review queue | `review_queue` at home in its experiment | `mlflow.review_queue`, `mlflow.review_queue_name` |
| its items | `member` edges to traces | |
| issue | `issue` at home in its experiment; it `describes` the run that found it | `mlflow.issue` |
| that it shows in a trace | `assessment` of the type `issue`, called as the issue's id | |

An address by name is `EXPERIMENT/NAME`. Names of data sets are not unique, so that only the id tells one from another.
"""

from __future__ import annotations

LABEL_SCHEMA = "mlflow.label_schema"
LABEL_SCHEMA_NAME = "mlflow.label_schema_name"
REVIEW_QUEUE = "mlflow.review_queue"
REVIEW_QUEUE_NAME = "mlflow.review_queue_name"
ISSUE = "mlflow.issue"
