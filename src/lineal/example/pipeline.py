"""A pipeline recorded by ML Metadata's own client: `pipeline.py GRPC_PORT PYTHON STEPS URL FOLDER`.

It is run by a Python that has ml-metadata, and knows nothing of Lineal. Its second step is a training, which logs to
MLflow. The last line of stdout is JSON with the ids of what was recorded.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb


class Pipeline:
    """The store, and the contexts in which steps are recorded.

    Args:
        port: of the store, on this machine.
        command: what runs a step: an interpreter and its script.
    """

    def __init__(self, port: str, command: list[str]) -> None:
        config = pb.MetadataStoreClientConfig(host="localhost", port=int(port))
        self.store = metadata_store.MetadataStore(config)
        self._command = command
        self._step = self.store.put_execution_type(pb.ExecutionType(name="system.ContainerExecution"))
        above = self.store.put_context_type(pb.ContextType(name="system.Pipeline"))
        below = self.store.put_context_type(pb.ContextType(name="system.PipelineRun"))
        self._contexts = [
            pb.Context(type_id=above, name="flowers"),
            pb.Context(type_id=below, name="flowers-1"),
        ]

    def run(self, *arguments: str) -> str:
        """Run a step; the last line that it prints."""
        command = [*self._command, *arguments]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip().splitlines()[-1]

    def record(self, name: str, pairs: list[Any]) -> tuple[int, list[int]]:
        """Record a step that is done; ids of the execution and of the artifacts."""
        state = pb.Execution.COMPLETE
        execution = pb.Execution(type_id=self._step, name=name, last_known_state=state)
        number, artifacts, _ = self.store.put_execution(
            execution, pairs, self._contexts, reuse_context_if_already_exist=True
        )
        return number, artifacts

    def nest(self) -> None:
        """Put the pipeline above its run."""
        parent, child = (
            self.store.get_context_by_type_and_name(kind, context.name).id
            for kind, context in zip(("system.Pipeline", "system.PipelineRun"), self._contexts, strict=True)
        )
        self.store.put_parent_contexts([pb.ParentContext(parent_id=parent, child_id=child)])

    def upstream(self, name: str) -> list[str]:
        """Names of all that a model came from."""
        options = pb.LineageSubgraphQueryOptions(direction=pb.LineageSubgraphQueryOptions.UPSTREAM)
        options.starting_artifacts.filter_query = f"name = '{name}' AND type = 'system.Model'"
        graph = self.store.get_lineage_subgraph(options)
        return sorted(each.name for each in (*graph.artifacts, *graph.executions))


def event(kind: int, key: str) -> Any:
    """How a step read or wrote an artifact, under the name of a parameter."""
    return pb.Event(type=kind, path=pb.Event.Path(steps=[pb.Event.Path.Step(key=key)]))


def main(port: str, python: str, steps: str, url: str, folder: str) -> None:
    """Run both steps and tell what was recorded."""
    pipeline = Pipeline(port, [python, steps])
    store, data, model = pipeline.store, str(Path(folder, "iris.csv")), str(Path(folder, "model.pkl"))
    table = pb.ArtifactType(name="system.Dataset", base_type=pb.ArtifactType.DATASET)
    table_id, model_id = (
        store.put_artifact_type(table),
        store.put_artifact_type(pb.ArtifactType(name="system.Model")),
    )

    examples = pb.Artifact(type_id=table_id, name="iris", uri=data, state=pb.Artifact.LIVE)
    examples.custom_properties["rows"].int_value = int(pipeline.run("write", data))
    generate, (dataset,) = pipeline.record("generate", [(examples, event(pb.Event.OUTPUT, "examples"))])

    run = pipeline.run("train", data, model, url)
    trained = pb.Artifact(type_id=model_id, name="tree", uri=model, state=pb.Artifact.LIVE)
    trained.custom_properties["mlflow_run"].string_value = run
    (known,) = store.get_artifacts_by_id([dataset])
    reads, writes = (known, event(pb.Event.INPUT, "examples")), (trained, event(pb.Event.OUTPUT, "model"))
    train, (_, tree) = pipeline.record("train", [reads, writes])
    pipeline.nest()
    told = {"run": run, "generate": generate, "train": train, "dataset": dataset, "model": tree}
    print(json.dumps(told | {"upstream": pipeline.upstream("tree")}))


if __name__ == "__main__":
    main(*sys.argv[1:])
