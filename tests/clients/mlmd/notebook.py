"""Kubeflow's old notebook library, unmodified; prints what it logged and found again."""

import json
import sys

from kubeflow.metadata import metadata

store = metadata.Store(grpc_host="localhost", grpc_port=int(sys.argv[1]))
workspace = metadata.Workspace(store=store, name="ws", description="a workspace", labels={"team": "blue"})
again = metadata.Workspace(store=store, name="ws")
run = metadata.Run(workspace=workspace, name="first run")
execution = metadata.Execution(name="train", workspace=workspace, run=run, description="one")
data = execution.log_input(
    metadata.DataSet(name="mnist", uri="s3://lake/mnist", version="1", query="SELECT 1", owner="ann")
)
model = execution.log_output(
    metadata.Model(
        name="digits",
        uri="s3://models/digits",
        version="2",
        model_type="neural network",
        hyperparameters={"layers": [10, 3, 1], "rate": 0.5},
        labels={"a": "b"},
    )
)
metrics = execution.log_output(
    metadata.Metrics(
        name="evaluation", uri="s3://models/eval", data_set_id=str(data.id), model_id=str(model.id), version="1",
        metrics_type=metadata.Metrics.VALIDATION, values={"accuracy": 0.95},
    )
)  # fmt: skip
same = execution.log_input(metadata.Model(name="digits", uri="s3://models/digits", version="2"))
print(
    json.dumps(
        {
            "ids": [execution.id, data.id, model.id, metrics.id],
            "same": same.id == model.id,
            "context": [workspace.context_id, again.context_id],
            "models": workspace.list(),
            "data": workspace.list(metadata.DataSet.ARTIFACT_TYPE_NAME),
            "metrics": workspace.list(metadata.Metrics.ARTIFACT_TYPE_NAME),
        }
    )
)
