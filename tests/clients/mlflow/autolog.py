"""Runs under MLflow's autologging of scikit-learn, and logs, evaluates and loads a model."""

from __future__ import annotations

import json

import mlflow
import numpy as np
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

mlflow.set_experiment("autolog")
features, labels = load_iris(return_X_y=True, as_frame=True)

mlflow.sklearn.autolog(log_models=True, log_datasets=True)
with mlflow.start_run() as searched:
    search = GridSearchCV(RandomForestClassifier(n_estimators=3), {"max_depth": [1, 2]}, cv=2)
    search.fit(features, labels)
mlflow.sklearn.autolog(disable=True)

run = mlflow.get_run(searched.info.run_id)
assert run.data.params["best_max_depth"] in ("1", "2")
assert "best_cv_score" in run.data.metrics
assert run.inputs.dataset_inputs, run.inputs
assert run.outputs.model_outputs, run.outputs
children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'")
assert len(children) == 2

with mlflow.start_run() as logged:
    model = LogisticRegression(max_iter=500).fit(features, labels)
    info = mlflow.sklearn.log_model(
        model,
        name="iris",
        signature=infer_signature(features, model.predict(features)),
        input_example=features.head(2),
        pip_requirements=["scikit-learn", "numpy"],
        params={"max_iter": 500},
        serialization_format="cloudpickle",
    )
    data = mlflow.data.from_pandas(features.assign(target=labels), name="iris", targets="target")
    mlflow.log_metric("accuracy", 0.97, model_id=info.model_id, dataset=data)

loaded = mlflow.pyfunc.load_model(info.model_uri)
assert np.array_equal(loaded.predict(features), model.predict(features))
again = mlflow.get_logged_model(info.model_id)
assert (again.name, again.status, again.params) == ("iris", "READY", {"max_iter": "500"})
assert again.source_run_id == logged.info.run_id
assert [(metric.key, metric.value, metric.dataset_name) for metric in again.metrics] == [
    ("accuracy", 0.97, "iris")
]
best = mlflow.search_logged_models(
    filter_string="metrics.accuracy > 0.9",
    datasets=[{"dataset_name": "iris"}],
    output_format="list",
)
assert [each.model_id for each in best] == [info.model_id]
outputs = mlflow.get_run(logged.info.run_id).outputs.model_outputs
assert [output.model_id for output in outputs] == [info.model_id]

print(json.dumps({"model": info.model_id, "searched": searched.info.run_id, "logged": logged.info.run_id}))
