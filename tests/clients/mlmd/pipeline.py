"""A pipeline over a real data set, recorded by the unmodified client of ML Metadata.

Its second step is a training of its own, which logs to MLflow: `pipeline.py GRPC_PORT PYTHON TRAINING URL FOLDER`.
Prints the ids of what was recorded.
"""

import json
import subprocess
import sys
from pathlib import Path

from ml_metadata import metadata_store, proto

port, python, training, url, folder = sys.argv[1:]
store = metadata_store.MetadataStore(proto.MetadataStoreClientConfig(host="localhost", port=int(port)))
data, model = Path(folder, "iris.csv"), Path(folder, "model.pkl")

pipeline = proto.Context(
    type_id=store.put_context_type(proto.ContextType(name="system.Pipeline")), name="flowers"
)
pipeline_run = proto.Context(
    type_id=store.put_context_type(proto.ContextType(name="system.PipelineRun")), name="flowers-1"
)
pipeline_run.custom_properties["namespace"].string_value = "team-a"
types = {
    "dataset": store.put_artifact_type(
        proto.ArtifactType(name="system.Dataset", base_type=proto.ArtifactType.DATASET)
    ),
    "model": store.put_artifact_type(proto.ArtifactType(name="system.Model")),
    "step": store.put_execution_type(proto.ExecutionType(name="system.ContainerExecution")),
}


def step(name, pairs):
    """Record a step that is done; ids of the execution and of the artifacts."""
    execution = proto.Execution(type_id=types["step"], name=name, last_known_state=proto.Execution.COMPLETE)
    execution.custom_properties["task_name"].string_value = name
    number, artifacts, _ = store.put_execution(
        execution, pairs, [pipeline, pipeline_run], reuse_context_if_already_exist=True
    )
    return number, artifacts


def event(kind, key):
    return proto.Event(type=kind, path=proto.Event.Path(steps=[proto.Event.Path.Step(key=key)]))


def run(*arguments):
    done = subprocess.run([python, training, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[-1]


rows = int(run("write", str(data)))
dataset = proto.Artifact(type_id=types["dataset"], name="iris", uri=str(data), state=proto.Artifact.LIVE)
dataset.custom_properties["rows"].int_value = rows
generated, (dataset_id,) = step("generate", [(dataset, event(proto.Event.OUTPUT, "examples"))])

run_id = run("train", str(data), str(model), url)
trained = proto.Artifact(type_id=types["model"], name="tree", uri=str(model), state=proto.Artifact.LIVE)
trained.custom_properties["mlflow_run"].string_value = run_id
(known,) = store.get_artifacts_by_id([dataset_id])
trainer, (_, model_id) = step(
    "train",
    [(known, event(proto.Event.INPUT, "examples")), (trained, event(proto.Event.OUTPUT, "model"))],
)
parents = [store.get_context_by_type_and_name("system.Pipeline", "flowers").id]
(child,) = [store.get_context_by_type_and_name("system.PipelineRun", "flowers-1").id]
store.put_parent_contexts([proto.ParentContext(parent_id=parents[0], child_id=child)])

graph = store.get_lineage_subgraph(
    metadata_store.LineageSubgraphQueryOptions(
        starting_artifacts=metadata_store.LineageSubgraphQueryOptions.StartingNodes(
            filter_query="name = 'tree'"
        )
    )
    if hasattr(metadata_store, "LineageSubgraphQueryOptions")
    else proto.LineageSubgraphQueryOptions(
        starting_artifacts=proto.LineageSubgraphQueryOptions.StartingNodes(filter_query="name = 'tree'"),
        direction=proto.LineageSubgraphQueryOptions.UPSTREAM,
    )
)
print(
    json.dumps(
        {
            "run": run_id,
            "generate": generated,
            "train": trainer,
            "dataset": dataset_id,
            "model": model_id,
            "context": child,
            "upstream": sorted(each.name for each in (*graph.artifacts, *graph.executions)),
            "paths": [
                [step.key for step in each.path.steps]
                for each in store.get_events_by_execution_ids([trainer])
            ],
        }
    )
)
