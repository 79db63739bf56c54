"""Runs under MLflow: models of scikit-learn and of Python go to the server, are found, loaded and evaluated."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts, list_artifacts
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature, infer_signature, set_signature
from mlflow.pyfunc import PythonModel
from mlflow.types import ColSpec, Schema
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

client = MlflowClient()
mlflow.set_experiment("models")
features, labels = load_iris(return_X_y=True, as_frame=True)
model = LogisticRegression(max_iter=500).fit(features, labels)


class Adder(PythonModel):
    """Adds what one of its files says."""

    def load_context(self, context) -> None:
        self.number = int(Path(context.artifacts["number"]).read_text())

    def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:
        return model_input + self.number + (params or {}).get("more", 0)


with mlflow.start_run() as first:
    run = first.info.run_id
    sklearn = mlflow.sklearn.log_model(
        model, name="iris", input_example=features.head(3), pip_requirements=["scikit-learn", "numpy==2.4.6"]
    )
    Path("number.txt").write_text("40")
    signature = infer_signature(pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2]}), {"more": 0})
    adder = mlflow.pyfunc.log_model(
        name="adder",
        python_model=Adder(),
        artifacts={"number": "number.txt"},
        signature=signature,
        input_example=(pd.DataFrame({"a": [1, 2]}), {"more": 2}),
        extra_pip_requirements=["pandas"],
        tags={"team": "red"},
        params={"number": 40},
    )

# Found by run and name, by the model's own id, and by where it lies.
for uri in (sklearn.model_uri, f"runs:/{run}/iris", f"models:/{sklearn.model_id}", sklearn.artifact_path):
    assert np.array_equal(mlflow.pyfunc.load_model(uri).predict(features), model.predict(features)), uri
loaded = mlflow.sklearn.load_model(f"models:/{sklearn.model_id}")
assert np.allclose(loaded.coef_, model.coef_)
added = mlflow.pyfunc.load_model(f"models:/{adder.model_id}")
assert list(added.predict(pd.DataFrame({"a": [1, 2]}), params={"more": 2})["a"]) == [43, 44]
assert added.metadata.get_params_schema().params[0].name == "more"

# What is told about it.
about = Model.load(f"models:/{sklearn.model_id}")
assert about.signature.inputs.input_names() == list(features.columns)
assert about.load_input_example(f"models:/{sklearn.model_id}").equals(features.head(3))
assert about.model_id == sklearn.model_id
needed = mlflow.pyfunc.get_model_dependencies(f"models:/{sklearn.model_id}")
assert "numpy==2.4.6" in Path(needed).read_text()
kept = client.get_logged_model(adder.model_id)
assert (kept.tags["team"], kept.params, kept.status) == ("red", {"number": "40"}, "READY")
assert kept.artifact_location.endswith(f"models/{adder.model_id}/artifacts")
files = {file.path for file in client.list_logged_model_artifacts(adder.model_id)}
assert {"MLmodel", "python_model.pkl", "artifacts", "requirements.txt", "input_example.json"} <= files, files
inside = [file.path for file in client.list_logged_model_artifacts(adder.model_id, "artifacts")]
assert inside == ["artifacts/number.txt"], inside
whole = Path(download_artifacts(artifact_uri=f"models:/{adder.model_id}", dst_path="whole"))
assert (whole / "artifacts/number.txt").read_text() == "40"
assert {file.path for file in list_artifacts(artifact_uri=f"runs:/{run}/adder")} >= {"adder/MLmodel"}
assert (Path(download_artifacts(f"runs:/{run}/iris", dst_path="iris")) / "MLmodel").exists()

# What is added afterwards.
client.log_model_artifact(adder.model_id, "number.txt")
client.set_logged_model_tags(adder.model_id, {"stage": "tried"})
client.delete_logged_model_tag(adder.model_id, "team")
assert client.get_logged_model(adder.model_id).tags["stage"] == "tried"
assert "number.txt" in {file.path for file in client.list_logged_model_artifacts(adder.model_id)}
mlflow.models.update_model_requirements(f"models:/{adder.model_id}", "add", ["requests"])
assert "requests" in Path(mlflow.pyfunc.get_model_dependencies(f"models:/{adder.model_id}")).read_text()
set_signature(f"models:/{adder.model_id}", ModelSignature(inputs=Schema([ColSpec("long", "a")])))
assert mlflow.models.get_model_info(f"models:/{adder.model_id}").signature.outputs is None

# Evaluated: metrics and tables go to the run, and the metrics to the model as well.
data = features.assign(target=labels)
with mlflow.start_run() as second:
    result = mlflow.models.evaluate(
        sklearn.model_uri,
        mlflow.data.from_pandas(data, name="iris", targets="target"),
        model_type="classifier",
        evaluator_config={"log_explainer": False},
    )
assert result.metrics["accuracy_score"] > 0.9
evaluated = client.get_run(second.info.run_id)
assert evaluated.data.metrics["accuracy_score"] == result.metrics["accuracy_score"]
pictures = {file.path for file in client.list_artifacts(second.info.run_id)}
assert "confusion_matrix.png" in pictures, pictures
assert result.artifacts["per_class_metrics"].content.shape[0] == 3
measured = {metric.key: metric for metric in client.get_logged_model(sklearn.model_id).metrics}
assert measured["accuracy_score"].dataset_name == "iris", measured
assert evaluated.inputs.model_inputs[0].model_id == sklearn.model_id
measure = measured["accuracy_score"]
best = mlflow.search_logged_models(
    filter_string="metrics.accuracy_score > 0.9",
    datasets=[{"dataset_name": "iris", "dataset_digest": measure.dataset_digest}],
    output_format="list",
)
assert sklearn.model_id in [each.model_id for each in best], best

# A model that could not be saved, and one that is deleted.
failed = mlflow.initialize_logged_model(name="failed")
client.finalize_logged_model(failed.model_id, "FAILED")
assert client.get_logged_model(failed.model_id).status == "FAILED"
client.delete_logged_model(failed.model_id)
try:
    client.get_logged_model(failed.model_id)
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error
else:
    raise AssertionError("a deleted model is still shown")

print(json.dumps({"sklearn": sklearn.model_id, "adder": adder.model_id, "run": run}))
