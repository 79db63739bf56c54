"""Traces of an application under MLflow's own API: recorded, judged, searched, linked, deleted."""

from __future__ import annotations

import json

import mlflow
from mlflow.entities import AssessmentError, AssessmentSource, SpanEvent, SpanType
from mlflow.exceptions import MlflowException

client = mlflow.MlflowClient()
experiment = mlflow.set_experiment("answers").experiment_id
ME = AssessmentSource(source_type="HUMAN", source_id="ann")


@mlflow.trace(span_type=SpanType.LLM)
def ask(question: str) -> dict:
    span = mlflow.get_current_active_span()
    span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12})
    span.add_event(SpanEvent("first token", attributes={"after": 3}))
    return {"answer": question.upper(), "score": float("nan")}


@mlflow.trace(name="answer", attributes={"style": "kurz ä"})
def answer(question: str, fail: bool = False) -> dict:
    mlflow.update_current_trace(
        tags={"team": "blue"},
        metadata={"mlflow.trace.session": "s-1", "mlflow.trace.user": "bob"},
        client_request_id="req-1",
    )
    if fail:
        raise ValueError("no idea")
    return {"first": ask(question), "second": ask(question + "?")}


answer("why")
good = mlflow.get_last_active_trace_id()
try:
    answer("how", fail=True)
except ValueError:
    bad = mlflow.get_last_active_trace_id()
mlflow.flush_trace_async_logging()

trace = mlflow.get_trace(good)
info = trace.info
assert (info.state, info.experiment_id, info.client_request_id) == ("OK", experiment, "req-1"), info
assert info.tags["team"] == "blue" and info.tags["mlflow.traceName"] == "answer", info.tags
assert info.trace_metadata["mlflow.trace.session"] == "s-1"
assert info.token_usage == {"input_tokens": 14, "output_tokens": 10, "total_tokens": 24}, info.token_usage
assert json.loads(info.trace_metadata["mlflow.trace.sizeStats"])["num_spans"] == 3
assert json.loads(info.request_preview)["question"] == "why", info.request_preview
root, first, second = trace.data.spans
assert [span.name for span in trace.data.spans] == ["answer", "ask", "ask"], trace.data.spans
assert root.inputs == {"question": "why", "fail": False} and root.get_attribute("style") == "kurz ä"
assert (first.parent_id, first.span_type) == (root.span_id, "LLM")
assert first.outputs["answer"] == "WHY" and first.outputs["score"] != first.outputs["score"]
assert first.events[0].name == "first token" and first.events[0].attributes == {"after": 3}

failed = mlflow.get_trace(bad)
assert failed.info.state == "ERROR"
assert failed.data.spans[0].status.description == "ValueError: no idea", failed.data.spans[0].status
assert failed.data.spans[0].events[0].name == "exception"


def found(query: str = "", **more: object) -> list[str]:
    return [
        each.info.trace_id
        for each in client.search_traces(locations=[experiment], filter_string=query, **more)
    ]


assert found() == [bad, good]
assert found(order_by=["timestamp_ms ASC"]) == [good, bad]
assert found("trace.status = 'ERROR'") == [bad]
assert found("tags.team = 'blue' AND span.type = 'LLM'") == [good]
assert found("span.attributes.style LIKE 'kurz%' AND trace.text LIKE '%first token%'") == []
assert found("span.attributes.style LIKE '% ä' AND span.name != 'ask'") == [bad, good]
assert found("trace.text ILIKE '%FIRST token%'") == [good]
assert found("span.name = 'ask'") == [good]
assert found("metadata.`mlflow.trace.session` = 's-1' AND trace.execution_time_ms >= 0") == [bad, good]
assert found("trace.name RLIKE '^ans.er$'", max_results=1) == [bad]
frame = mlflow.search_traces(locations=[experiment])
assert sorted(frame["trace_id"]) == sorted([good, bad]) and len(frame["spans"][1]) == 3, frame

# Judging

feedback = mlflow.log_feedback(
    trace_id=good, name="correct", value=True, source=ME, rationale="it is", metadata={"round": "1"}
)
number = mlflow.log_feedback(trace_id=good, name="score", value=0.75, span_id=first.span_id)
mlflow.log_feedback(trace_id=bad, name="correct", error=AssessmentError("TIMEOUT", "too slow"))
wanted = mlflow.log_expectation(trace_id=good, name="facts", value={"count": 2, "all": ["a"]}, source=ME)
read = mlflow.get_assessment(good, feedback.assessment_id)
assert (read.value, read.rationale, read.source.source_id, read.metadata) == (
    True,
    "it is",
    "ann",
    {"round": "1"},
)
better = mlflow.override_feedback(
    trace_id=good, assessment_id=feedback.assessment_id, value=False, rationale="it is not", source=ME
)
assert mlflow.get_assessment(good, feedback.assessment_id).valid is False
assert better.overrides == feedback.assessment_id and better.valid
wanted.expectation.value = {"count": 3, "all": []}
changed = mlflow.update_assessment(good, wanted.assessment_id, wanted)
assert changed.value == {"count": 3, "all": []}, changed
assessments = {each.assessment_id: each for each in mlflow.get_trace(good).info.assessments}
assert len(assessments) == 4 and assessments[number.assessment_id].value == 0.75
assert mlflow.get_trace(bad).info.assessments[0].error.error_code == "TIMEOUT"
assert found("feedback.correct = 'false'") == [good]
assert found("feedback.score > 0.7") == [good] and found("feedback.score > 0.8") == []
assert found("feedback.correct IS NOT NULL") == [bad, good]
mlflow.delete_assessment(good, better.assessment_id)
assert mlflow.get_assessment(good, feedback.assessment_id).valid is True
try:
    mlflow.get_assessment(good, better.assessment_id)
    raise AssertionError("it is still there")
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST"

# Tags, runs, prompts

client.set_trace_tag(good, "stage", "x")
client.delete_trace_tag(good, "team")
tags = mlflow.get_trace(good).info.tags
assert tags["stage"] == "x" and "team" not in tags
with mlflow.start_run() as run:
    answer("inside")
    inside = mlflow.get_last_active_trace_id()
    model = mlflow.create_external_model(name="m")
    mlflow.set_active_model(model_id=model.model_id)
    answer("with a model")
    of_model = mlflow.get_last_active_trace_id()
client.link_traces_to_run([good, "tr-" + "5" * 32], run.info.run_id)
mlflow.flush_trace_async_logging()
in_run = found(f"attributes.run_id = '{run.info.run_id}'")
assert sorted(in_run) == sorted([good, inside, of_model]), in_run
assert [each.info.trace_id for each in mlflow.search_traces(model_id=model.model_id, return_type="list")] == [
    of_model
]
client.link_prompt_versions_to_trace(
    [mlflow.entities.model_registry.PromptVersion(name="greet", version=3, template="")], good
)
assert found("prompt = 'greet/3'") == [good]

print(
    json.dumps(
        {"good": good, "bad": bad, "run": run.info.run_id, "model": model.model_id, "of_model": of_model}
    )
)
