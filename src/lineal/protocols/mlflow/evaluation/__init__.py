"""Evaluation data sets, scorers, label schemas, review queues and issues."""

from __future__ import annotations

from lineal.protocols.mlflow.evaluation import (
    dataset_records,
    datasets,
    issue_search,
    issues,
    label_schemas,
    online,
    review_items,
    review_queues,
    scorers,
)
from lineal.protocols.mlflow.operation import Operation

_HERE = "/3.0/mlflow"

OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", f"{_HERE}/datasets/create", datasets.create),
    Operation("GET", f"{_HERE}/datasets/search", datasets.search),
    Operation("POST", f"{_HERE}/datasets/search", datasets.search),
    Operation("GET", f"{_HERE}/datasets/{{dataset_id}}", datasets.get),
    Operation("DELETE", f"{_HERE}/datasets/{{dataset_id}}", datasets.delete),
    Operation("PATCH", f"{_HERE}/datasets/{{dataset_id}}/tags", datasets.set_tags),
    Operation("DELETE", f"{_HERE}/datasets/{{dataset_id}}/tags/{{key:path}}", datasets.delete_tag),
    Operation("GET", f"{_HERE}/datasets/{{dataset_id}}/experiment-ids", datasets.experiment_ids),
    Operation("POST", f"{_HERE}/datasets/{{dataset_id}}/add-experiments", datasets.add_experiments),
    Operation("POST", f"{_HERE}/datasets/{{dataset_id}}/remove-experiments", datasets.remove_experiments),
    Operation("POST", f"{_HERE}/datasets/{{dataset_id}}/records", dataset_records.upsert),
    Operation("GET", f"{_HERE}/datasets/{{dataset_id}}/records", dataset_records.get),
    Operation("DELETE", f"{_HERE}/datasets/{{dataset_id}}/records", dataset_records.delete),
    Operation("POST", f"{_HERE}/scorers/register", scorers.register),
    Operation("GET", f"{_HERE}/scorers/list", scorers.list_latest),
    Operation("GET", f"{_HERE}/scorers/versions", scorers.versions),
    Operation("GET", f"{_HERE}/scorers/get", scorers.get),
    Operation("DELETE", f"{_HERE}/scorers/delete", scorers.delete),
    Operation("GET", f"{_HERE}/scorers/online-configs", online.configs),
    Operation("PUT", f"{_HERE}/scorers/online-config", online.put),
    Operation("POST", f"{_HERE}/label-schemas/create", label_schemas.create),
    Operation("GET", f"{_HERE}/label-schemas/get", label_schemas.get),
    Operation("GET", f"{_HERE}/label-schemas/get-by-name", label_schemas.get_by_name),
    Operation("GET", f"{_HERE}/label-schemas/list", label_schemas.list_all),
    Operation("PATCH", f"{_HERE}/label-schemas/update", label_schemas.update),
    Operation("DELETE", f"{_HERE}/label-schemas/delete", label_schemas.delete),
    Operation("POST", f"{_HERE}/review-queues/create", review_queues.create),
    Operation("POST", f"{_HERE}/review-queues/get-or-create-user", review_queues.get_or_create_user),
    Operation("GET", f"{_HERE}/review-queues/get", review_queues.get),
    Operation("GET", f"{_HERE}/review-queues/get-by-name", review_queues.get_by_name),
    Operation("GET", f"{_HERE}/review-queues/list", review_queues.list_all),
    Operation("POST", f"{_HERE}/review-queues/update", review_queues.update),
    Operation("POST", f"{_HERE}/review-queues/items/add", review_items.add),
    Operation("POST", f"{_HERE}/review-queues/items/remove", review_items.remove),
    Operation("GET", f"{_HERE}/review-queues/items/list", review_items.list_all),
    Operation("POST", f"{_HERE}/review-queues/items/set-status", review_items.set_status),
    Operation("POST", f"{_HERE}/review-queues/delete", review_queues.delete),
    Operation("POST", f"{_HERE}/issues", issues.create),
    Operation("POST", f"{_HERE}/issues/search", issue_search.search),
    Operation("GET", f"{_HERE}/issues/{{issue_id}}", issues.get),
    Operation("PATCH", f"{_HERE}/issues/{{issue_id}}", issues.update),
)
