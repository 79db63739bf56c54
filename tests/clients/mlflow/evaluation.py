"""Evaluation under MLflow's own client: data sets, judges, questions for reviewers, queues and issues."""

from __future__ import annotations

import json

import mlflow
from mlflow import MlflowClient
from mlflow.entities.issue import IssueSeverity, IssueStatus
from mlflow.exceptions import MlflowException
from mlflow.genai import datasets, issues, label_schemas, review_queues, scorers
from mlflow.genai.judges import make_judge
from mlflow.genai.label_schemas import InputCategorical, InputPassFail
from mlflow.genai.scorers import Guidelines
from mlflow.genai.scorers.registry import list_scorer_versions
from mlflow.tracking._tracking_service.utils import _get_store

client = MlflowClient()


def refused(code: str, call, *arguments, **named) -> None:
    try:
        call(*arguments, **named)
    except MlflowException as error:
        assert error.error_code == code, error
    else:
        raise AssertionError(f"{call.__name__} was not refused")


experiment = client.create_experiment("evaluation")
other = client.create_experiment("other")
mlflow.set_experiment(experiment_id=experiment)

# Data sets
made = datasets.create_dataset(name="questions", experiment_id=experiment, tags={"team": "red"})
assert made.experiment_ids == [experiment] and made.tags["team"] == "red"
rows = [
    {"inputs": {"question": "a?"}, "expectations": {"answer": "a"}, "tags": {"hard": "no"}},
    {"inputs": {"question": "b?"}, "outputs": "b"},
    {"inputs": {"question": "c?"}, "expectations": {"answer": "c"}},
]
digest = made.digest
made.merge_records(rows)
assert made.digest != digest and json.loads(made.profile) == {"num_records": 3}
made.merge_records([{"inputs": {"question": "a?"}, "expectations": {"note": "n"}}])
found = datasets.get_dataset(dataset_id=made.dataset_id)
frame = found.to_df()
assert [each["question"] for each in frame["inputs"]] == ["a?", "b?", "c?"]
assert frame["expectations"][0] == {"answer": "a", "note": "n"}
assert list(frame["source_type"]) == ["HUMAN", "CODE", "HUMAN"]
assert frame["outputs"][1] == "b"
assert json.loads(found.schema)["inputs"] == {"question": "string"}
assert found.delete_records([frame["dataset_record_id"][2]]) == 1
assert len(datasets.get_dataset(dataset_id=made.dataset_id).to_df()) == 2
many = datasets.create_dataset(name="many", experiment_id=[experiment, other])
many.merge_records([{"inputs": {"number": number}} for number in range(2500)])
assert [each["number"] for each in many.to_df()["inputs"]] == list(range(2500))
assert datasets.get_dataset(dataset_id=many.dataset_id).experiment_ids == [experiment, other]
datasets.set_dataset_tags(dataset_id=many.dataset_id, tags={"size": 2500, "team": "blue"})
datasets.delete_dataset_tag(dataset_id=many.dataset_id, key="team")
tagged = datasets.search_datasets(filter_string="tags.size = '2500'", order_by=["name ASC"])
assert [each.name for each in tagged] == ["many"]
assert [each.name for each in datasets.search_datasets(experiment_ids=[other])] == ["many"]
datasets.remove_dataset_from_experiments(dataset_id=many.dataset_id, experiment_ids=[other])
assert client.search_datasets(experiment_ids=[other]) == []
client.add_dataset_to_experiments(many.dataset_id, [other])
assert client.get_dataset(many.dataset_id).experiment_ids == [experiment, other]
datasets.delete_dataset(dataset_id=many.dataset_id)
refused("RESOURCE_DOES_NOT_EXIST", client.get_dataset, many.dataset_id)
with mlflow.start_run(run_name="evaluated") as run:
    mlflow.log_input(found, context="eval")
assert client.get_run(run.info.run_id).inputs.dataset_inputs[0].dataset.name == "questions"

# Scorers
judge = make_judge(name="polite", instructions="Is {{ outputs }} polite?", model="openai:/gpt-4o-mini")
first = judge.register(experiment_id=experiment)
again = make_judge(name="polite", instructions="How polite is {{ outputs }}?", model="openai:/gpt-4o-mini")
again.register(experiment_id=experiment)
Guidelines(name="english", guidelines="The answer is in English.").register(experiment_id=experiment)
assert sorted(each.name for each in scorers.list_scorers(experiment_id=experiment)) == ["english", "polite"]
newest = scorers.get_scorer(name="polite", experiment_id=experiment)
assert newest.instructions == again.instructions
assert (
    scorers.get_scorer(name="polite", experiment_id=experiment, version=1).instructions == judge.instructions
)
assert [version for _, version in list_scorer_versions(name="polite", experiment_id=experiment)] == [
    1,
    2,
]
scorers.delete_scorer(name="polite", experiment_id=experiment, version=1)
refused("RESOURCE_DOES_NOT_EXIST", scorers.get_scorer, name="polite", experiment_id=experiment, version=1)
scorers.delete_scorer(name="english", experiment_id=experiment, version="all")
kept = _get_store().get_scorer(experiment, "polite")
assert (kept.experiment_id, kept.scorer_version) == (experiment, 2)
assert _get_store().get_online_scoring_configs([kept.scorer_id]) == []

# Questions and queues
right = label_schemas.create_label_schema(
    name="right", type="feedback", input=InputPassFail("right", "wrong"), experiment_id=experiment
)
label_schemas.create_label_schema(
    name="tone", type="expectation", input=InputCategorical(["kind", "rude"]), experiment_id=experiment
)
assert label_schemas.get_label_schema("right", experiment_id=experiment).schema_id == right.schema_id
changed = label_schemas.update_label_schema(right.schema_id, name="correct", instruction="look twice")
assert (changed.name, changed.instruction, changed.input) == ("correct", "look twice", right.input)
asked = label_schemas.list_label_schemas(experiment_id=experiment)
assert sorted(each.name for each in asked) == ["Feedback", "correct", "tone"]
label_schemas.delete_label_schema(schema_id=next(each.schema_id for each in asked if each.name == "tone"))
queue = review_queues.create_review_queue(
    name="Reviews",
    queue_type="custom",
    users=["Ann"],
    schema_ids=[right.schema_id],
    experiment_id=experiment,
)
assert (queue.users, queue.schema_ids) == (["ann"], [right.schema_id])
own = review_queues.get_or_create_user_queue(user="ann", experiment_id=experiment)
assert own.users == ["ann"]
of_ann = review_queues.list_review_queues(user="ann", experiment_id=experiment)
assert [each.name for each in of_ann] == ["ann", "Reviews"]
refused(
    "RESOURCE_DOES_NOT_EXIST", review_queues.add_items_to_review_queue, queue.queue_id, item_ids=["tr-none"]
)
assert list(review_queues.list_review_queue_items(queue.queue_id)) == []
renamed = review_queues.update_review_queue(queue.queue_id, name="Checks", users=[])
assert (renamed.name, renamed.users) == ("Checks", [])
review_queues.delete_review_queue(queue.queue_id)
left = review_queues.list_review_queues(experiment_id=experiment)
assert [each.queue_type for each in left] == [review_queues.ReviewQueueType.USER]

# Issues
issue = issues.create_issue(
    "too slow",
    severity=IssueSeverity.HIGH,
    description="Answers take a minute.",
    categories=["latency"],
    metadata={"seen": "3"},
    source_run_id=run.info.run_id,
    experiment_id=experiment,
)
issues.create_issue("rude", severity=IssueSeverity.LOW, description="It is rude.", experiment_id=experiment)
fixed = issues.update_issue(issue.issue_id, status=IssueStatus.RESOLVED, experiment_id=experiment)
assert fixed.status == IssueStatus.RESOLVED and fixed.metadata == {"seen": "3"}
assert issues.get_issue(issue.issue_id, experiment_id=experiment) == fixed
listed = issues.search_issues(experiment_id=experiment, include_total_count=True, order_by=["name"])
assert ([each.name for each in listed], listed.total_count) == (["rude", "too slow"], 2)
pending = issues.search_issues("status = 'pending'", experiment_id=experiment)
assert [each.name for each in pending] == ["rude"]
slow = issues.search_issues(experiment_id=experiment, categories=["LATENCY"], name="SLOW", view="basic")
assert [(each.name, each.description) for each in slow] == [("too slow", "")]
counted = _get_store().search_issues(experiment_id=experiment, include_trace_count=True)
assert [(each.name, each.trace_count) for each in counted] == [("too slow", 0), ("rude", 0)]

print(json.dumps({"dataset": made.dataset_id, "run": run.info.run_id, "scorer": kept.scorer_id}))
