"""By which ids MLflow knows what evaluation keeps.

| MLflow | the graph | address |
|---|---|---|
| evaluation data set | `dataset`, a `member` of its experiments | `mlflow.dataset` |
| its records | records of the data set | |
| scorer | `scorer` at home in its experiment | `mlflow.scorer`, and by name `mlflow.scorer_name` |
| scorer version | `scorer_version` at home in its scorer | `mlflow.scorer_version`: scorer's id and number |
| label schema | `label_schema` at home in its experiment | `mlflow.label_schema`, `mlflow.label_schema_name` |
| review queue | `review_queue` at home in its experiment | `mlflow.review_queue`, `mlflow.review_queue_name` |
| its items | `member` edges to traces | |
| issue | `issue` at home in its experiment; it `describes` the run that found it | `mlflow.issue` |
| that it shows in a trace | `assessment` of the type `issue`, called as the issue's id | |

An address by name is `EXPERIMENT/NAME`. Names of data sets are not unique, so that only the id tells one from another.
"""

from __future__ import annotations

from lineal.graph.mlflow.data import EVALUATION

DATASET = EVALUATION
SCORER = "mlflow.scorer"
SCORER_NAME = "mlflow.scorer_name"
SCORER_VERSION = "mlflow.scorer_version"
LABEL_SCHEMA = "mlflow.label_schema"
LABEL_SCHEMA_NAME = "mlflow.label_schema_name"
REVIEW_QUEUE = "mlflow.review_queue"
REVIEW_QUEUE_NAME = "mlflow.review_queue_name"
ISSUE = "mlflow.issue"
