"""What the steps of the example's pipeline run, each in a process of its own: `steps.py write|train …`.

It is run by a Python that has mlflow and scikit-learn, and knows nothing of Lineal. On the last line of stdout it tells
what came of the step.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path


def write(path: str) -> None:
    """The data set as a file; prints the number of rows."""
    from sklearn.datasets import load_iris

    frame = load_iris(as_frame=True).frame
    frame.to_csv(path, index=False)
    print(len(frame))


def train(data: str, model: str, url: str) -> None:
    """A small tree, trained on the file and logged with MLflow; prints the id of the run."""
    import mlflow
    import pandas as pd
    from sklearn.tree import DecisionTreeClassifier

    mlflow.set_tracking_uri(url)
    mlflow.set_experiment("flowers")
    frame = pd.read_csv(data)
    with mlflow.start_run(run_name="train tree") as run:
        dataset = mlflow.data.from_pandas(frame, source=data, name="iris", targets="target")
        mlflow.log_input(dataset, "training")
        tree = DecisionTreeClassifier(max_depth=3).fit(frame.drop(columns="target"), frame["target"])
        mlflow.log_param("max_depth", 3)
        mlflow.log_metric("accuracy", tree.score(frame.drop(columns="target"), frame["target"]))
        mlflow.sklearn.log_model(tree, name="tree", serialization_format="cloudpickle")
    Path(model).write_bytes(pickle.dumps(tree))
    print(run.info.run_id)


if __name__ == "__main__":
    (write if sys.argv[1] == "write" else train)(*sys.argv[2:])
