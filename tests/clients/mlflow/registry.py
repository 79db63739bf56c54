"""The model registry and prompts under MLflow's own client."""

from __future__ import annotations

import json
import warnings

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("ignore")
client = MlflowClient()


def refused(code: str, call, *arguments, **named) -> None:
    try:
        call(*arguments, **named)
    except MlflowException as error:
        assert error.error_code == code, error
    else:
        raise AssertionError(f"{call.__name__} was not refused")


# A model that is logged is registered on the way, and loaded by every kind of address.

data, labels = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
table = mlflow.data.from_numpy(data, targets=labels, source="s3://lake/table.npy", name="table")
mlflow.set_experiment("registry")
for strength in (0.1, 10.0):
    with mlflow.start_run() as run:
        mlflow.log_input(table)
        classifier = LogisticRegression(C=strength).fit(data, labels)
        logged = mlflow.sklearn.log_model(classifier, name="classifier", registered_model_name="fraud")
assert sorted(str(each.version) for each in client.search_model_versions("name = 'fraud'")) == ["1", "2"]
second = client.get_model_version("fraud", "2")
assert (second.run_id, second.status, second.source) == (
    run.info.run_id,
    "READY",
    f"models:/{logged.model_id}",
)
assert client.get_logged_model(logged.model_id).tags["mlflow.modelVersions"]

client.set_registered_model_alias("fraud", "champion", "1")
client.set_registered_model_alias("fraud", "champion", "2")
client.transition_model_version_stage("fraud", "2", "Production", archive_existing_versions=True)
client.set_registered_model_tag("fraud", "team", "red")
client.set_model_version_tag("fraud", "2", "checked", "yes")
client.update_registered_model("fraud", "finds fraud")
client.update_model_version("fraud", "2", "the second")
for address in ("fraud/2", "fraud@champion", "fraud/Production", "fraud/latest"):
    loaded = mlflow.pyfunc.load_model(f"models:/{address}")
    assert loaded.predict(data).tolist() == classifier.predict(data).tolist(), address
assert mlflow.sklearn.load_model("models:/fraud/1").C == 0.1
model = client.get_registered_model("fraud")
assert (model.description, model.tags, model.aliases) == ("finds fraud", {"team": "red"}, {"champion": "2"})
assert {each.current_stage: each.version for each in model.latest_versions} == {
    "None": "1",
    "Production": "2",
}
assert client.get_model_version_by_alias("fraud", "champion").tags == {"checked": "yes"}

# The old ways: an artifact of a run, a copy, a rename; and what is not there.

old = mlflow.register_model(f"runs:/{run.info.run_id}/classifier", "old")
assert (old.name, str(old.version)) == ("old", "1")
copied = client.copy_model_version("models:/fraud@champion", "production")
assert (copied.name, str(copied.version), copied.description) == ("production", "1", "the second")
assert copied.tags == {"checked": "yes"}
assert mlflow.sklearn.load_model("models:/production/1").C == 10.0
client.rename_registered_model("old", "renamed")
refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, "old")
refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, "fraud")
refused("INVALID_PARAMETER_VALUE", client.search_registered_models, "nothing = 'x'")
refused("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, "fraud", "none")
assert [each.name for each in client.search_registered_models("name LIKE 'f%' AND tags.team = 'red'")] == [
    "fraud"
]
pages, token = [], None
while True:
    page = client.search_registered_models(max_results=2, page_token=token)
    pages.append([each.name for each in page])
    token = page.token
    if not token:
        break
assert pages == [["fraud", "production"], ["renamed"]]
client.delete_registered_model_alias("fraud", "champion")
client.delete_model_version("fraud", "1")
client.delete_registered_model("renamed")
assert [str(each.version) for each in client.search_model_versions("name = 'fraud'")] == ["2"]
client.set_registered_model_alias("fraud", "champion", "2")

# Prompts are models as well, and are found only by who asks for prompts.

first = mlflow.genai.register_prompt(
    "greeting", "Hello {{name}}", commit_message="first", tags={"tone": "kind"}
)
later = mlflow.genai.register_prompt(
    "greeting", [{"role": "user", "content": "Hi {{name}}"}], response_format={"type": "object"}
)
assert (first.version, later.version, later.is_text_prompt) == (1, 2, False)
mlflow.genai.set_prompt_alias("greeting", alias="live", version=1)
assert mlflow.genai.load_prompt("prompts:/greeting@live").format(name="Ann") == "Hello Ann"
assert mlflow.genai.load_prompt("greeting", version=2).template == [
    {"role": "user", "content": "Hi {{name}}"}
]
assert mlflow.genai.load_prompt("prompts:/greeting@latest").version == 2
assert client.get_prompt_version("greeting", 1).commit_message == "first"
client.set_prompt_tag("greeting", "owner", "ann")
client.set_prompt_version_tag("greeting", 1, "seen", "yes")
assert client.get_prompt("greeting").tags["owner"] == "ann"
assert client.get_prompt_version("greeting", 1).tags == {"tone": "kind", "seen": "yes"}
assert [each.name for each in mlflow.genai.search_prompts("name LIKE 'g%'")] == ["greeting"]
assert sorted(each.version for each in client.search_prompt_versions("greeting")) == [1, 2]
assert "greeting" not in [each.name for each in client.search_registered_models()]
assert all(each.name != "greeting" for each in client.search_model_versions())
refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, "greeting")
with mlflow.start_run() as linked:
    assert mlflow.genai.load_prompt("prompts:/greeting/1").version == 1
assert "greeting" in client.get_run(linked.info.run_id).data.tags["mlflow.linkedPrompts"]
mlflow.genai.delete_prompt_alias("greeting", alias="live")
assert mlflow.genai.load_prompt("prompts:/greeting@live", allow_missing=True) is None
client.delete_prompt_version("greeting", "2")
client.delete_prompt_version("greeting", "1")
client.delete_prompt("greeting")
assert mlflow.genai.search_prompts() == []

print(json.dumps({"run": run.info.run_id, "model": logged.model_id}))
