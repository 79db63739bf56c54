"""What the training step of the pipeline runs: scikit-learn, logged by the unmodified client of MLflow."""

import pickle
import sys
from pathlib import Path


def write(path):
    """The data set as a file; prints the number of rows."""
    from sklearn.datasets import load_iris

    frame = load_iris(as_frame=True).frame
    frame.to_csv(path, index=False)
    print(len(frame))


def train(data, model, url):
    """A small tree, trained on the file and logged; prints the id of the run."""
    import mlflow
    import pandas as pd
    from sklearn.tree import DecisionTreeClassifier

    mlflow.set_tracking_uri(url)
    mlflow.set_experiment("flowers")
    frame = pd.read_csv(data)
    with mlflow.start_run(run_name="train tree") as run:
        mlflow.log_input(
            mlflow.data.from_pandas(frame, source=data, name="iris", targets="target"), "training"
        )
        tree = DecisionTreeClassifier(max_depth=3).fit(frame.drop(columns="target"), frame["target"])
        mlflow.log_param("max_depth", 3)
        mlflow.log_metric("accuracy", tree.score(frame.drop(columns="target"), frame["target"]))
        mlflow.sklearn.log_model(tree, name="tree")
    Path(model).write_bytes(pickle.dumps(tree))
    print(run.info.run_id)


{"write": write, "train": train}[sys.argv[1]](*sys.argv[2:])
