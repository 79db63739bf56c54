"""Train models on the data sets that scikit-learn brings, logged with MLflow: `python train.py TRACKING_URI`.

It is run by a Python that has mlflow and scikit-learn, and knows nothing of Lineal. On stdout it tells, one
JSON object a line, how many steps are done, and at last where its data came from.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import mlflow
import sklearn
from mlflow.models import infer_signature
from sklearn import datasets
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import Lasso, LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from warehouse import Warehouse, train  # type: ignore[import-not-found]

FOLDER = Path(datasets.__file__).parent / "data"
REQUIREMENTS = [f"scikit-learn=={sklearn.__version__}"]
SEED = 7

Step = Callable[[], object]


class Source(NamedTuple):
    """A data set: the experiment about it, its name, the file that scikit-learn keeps it in, its loader."""

    experiment: str
    name: str
    file: str
    load: Callable[..., Any]

    @property
    def path(self) -> str:
        return str(FOLDER / self.file)


IRIS = Source("Iris species", "iris", "iris.csv", datasets.load_iris)
WINE = Source("Wine cultivars", "wine", "wine_data.csv", datasets.load_wine)
CANCER = Source("Breast cancer diagnosis", "breast_cancer", "breast_cancer.csv", datasets.load_breast_cancer)
DIABETES = Source("Diabetes progression", "diabetes", "diabetes_data_raw.csv.gz", datasets.load_diabetes)
DIGITS = Source("Handwritten digits", "digits", "digits.csv.gz", datasets.load_digits)
SOURCES = (IRIS, WINE, CANCER, DIABETES, DIGITS)


class Split(NamedTuple):
    """A data set divided for training and testing."""

    train: Any
    test: Any
    train_target: Any
    test_target: Any


def splits() -> dict[str, Split]:
    """Every data set, divided, by name."""
    found = {}
    for source in SOURCES:
        data = source.load(as_frame=True)
        found[source.name] = Split(*train_test_split(data.data, data.target, random_state=SEED))
    return found


@contextmanager
def run(source: Source, name: str) -> Iterator[None]:
    """A run of the source's experiment with the data set as its input."""
    mlflow.set_experiment(source.experiment)
    frame = source.load(as_frame=True).frame
    with mlflow.start_run(run_name=f"{source.name}: {name}"):
        data = mlflow.data.from_pandas(frame, source=source.path, name=source.name, targets="target")
        mlflow.log_input(data, context="training")
        yield


def keep(source: Source, model: Any, split: Split) -> None:
    """Log the fitted model with its signature."""
    signature = infer_signature(split.test, model.predict(split.test))
    mlflow.sklearn.log_model(
        model,
        name=f"{source.name}-model",
        signature=signature,
        pip_requirements=REQUIREMENTS,
        serialization_format="cloudpickle",
    )


def classify(source: Source, name: str, model: Any, split: Split) -> None:
    """Fit a classifier, measure it on the rows held back and keep it."""
    with run(source, name):
        model.fit(split.train, split.train_target)
        mlflow.log_metric(
            "test_accuracy", float(accuracy_score(split.test_target, model.predict(split.test)))
        )
        keep(source, model, split)


def regress(source: Source, name: str, model: Any, split: Split) -> None:
    """Fit a regression, measure it on the rows held back and keep it."""
    with run(source, name):
        model.fit(split.train, split.train_target)
        guessed = model.predict(split.test)
        mlflow.log_metric("test_r2", float(r2_score(split.test_target, guessed)))
        mlflow.log_metric("test_mse", float(mean_squared_error(split.test_target, guessed)))
        keep(source, model, split)


def boost_classifier(source: Source, split: Split) -> None:
    """Gradient boosting with the loss after each tree."""
    with run(source, "gradient boosting"):
        model = GradientBoostingClassifier(n_estimators=60, random_state=SEED)
        model.fit(split.train, split.train_target)
        for step, chances in enumerate(model.staged_predict_proba(split.test)):
            values = {
                "test_loss": log_loss(split.test_target, chances),
                "train_loss": model.train_score_[step],
            }
            mlflow.log_metrics({key: float(value) for key, value in values.items()}, step=step)
        mlflow.log_metric(
            "test_accuracy", float(accuracy_score(split.test_target, model.predict(split.test)))
        )
        keep(source, model, split)


def boost_regressor(source: Source, split: Split) -> None:
    """Gradient boosting with the error after each tree."""
    with run(source, "gradient boosting"):
        model = GradientBoostingRegressor(n_estimators=80, max_depth=2, learning_rate=0.06, random_state=SEED)
        model.fit(split.train, split.train_target)
        for step, guessed in enumerate(model.staged_predict(split.test)):
            mlflow.log_metric("test_mse", float(mean_squared_error(split.test_target, guessed)), step=step)
        mlflow.log_metric("test_r2", float(model.score(split.test, split.test_target)))
        keep(source, model, split)


def descend(source: Source, split: Split, rate: float) -> None:
    """Stochastic gradient descent, epoch by epoch."""
    with run(source, f"gradient descent, rate {rate}"):
        model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=rate, random_state=SEED)
        mlflow.log_params({key: str(value) for key, value in model.get_params().items()})
        classes = sorted(set(split.train_target))
        for epoch in range(40):
            model.partial_fit(split.train, split.train_target, classes=classes)
            values = {
                "train_accuracy": model.score(split.train, split.train_target),
                "test_accuracy": model.score(split.test, split.test_target),
            }
            mlflow.log_metrics({key: float(value) for key, value in values.items()}, step=epoch)
        keep(source, model, split)


def perceptron(source: Source, split: Split) -> None:
    """A small neural network with the loss of each epoch."""
    with run(source, "neural network"):
        model = MLPClassifier(hidden_layer_sizes=(32,), max_iter=40, random_state=SEED)
        model.fit(split.train, split.train_target)
        for epoch, loss in enumerate(model.loss_curve_):
            mlflow.log_metric("train_loss", float(loss), step=epoch)
        mlflow.log_metric("test_accuracy", float(model.score(split.test, split.test_target)))
        keep(source, model, split)


def search(source: Source, split: Split) -> None:
    """A grid search; MLflow logs a child run for each combination."""
    with run(source, "random forest search"):
        grid = {"n_estimators": [10, 40], "max_depth": [2, 4]}
        found = GridSearchCV(RandomForestClassifier(random_state=SEED), grid, cv=3)
        found.fit(split.train, split.train_target)
        mlflow.log_metric("test_accuracy", float(found.score(split.test, split.test_target)))
        keep(source, found.best_estimator_, split)


def scaled(model: Any) -> Any:
    """The model behind a scaling of its inputs."""
    return make_pipeline(StandardScaler(), model)


def steps(data: dict[str, Split]) -> Iterator[Step]:
    """All the work, in order."""
    iris, wine, cancer, diabetes, digits = (data[source.name] for source in SOURCES)
    yield partial(classify, IRIS, "logistic regression", LogisticRegression(max_iter=500), iris)
    yield partial(classify, IRIS, "nearest neighbours", KNeighborsClassifier(), iris)
    yield partial(classify, IRIS, "support vectors", SVC(), iris)
    yield partial(search, WINE, wine)
    yield partial(classify, WINE, "logistic regression", scaled(LogisticRegression()), wine)
    yield partial(classify, CANCER, "logistic regression", scaled(LogisticRegression()), cancer)
    forest = RandomForestClassifier(n_estimators=50, random_state=SEED)
    yield partial(classify, CANCER, "random forest", forest, cancer)
    yield partial(boost_classifier, CANCER, cancer)
    yield partial(regress, DIABETES, "ridge", Ridge(alpha=0.1), diabetes)
    yield partial(regress, DIABETES, "lasso", Lasso(alpha=0.1), diabetes)
    yield partial(boost_regressor, DIABETES, diabetes)
    yield partial(descend, DIGITS, digits, 0.0001)
    yield partial(descend, DIGITS, digits, 0.001)
    yield partial(perceptron, DIGITS, digits)
    patients = datasets.load_diabetes(as_frame=True, scaled=False).frame
    warehouse = Warehouse(mlflow.get_tracking_uri(), Path(DIABETES.path), patients)
    yield warehouse.fill
    yield partial(train, warehouse)


def describe(source: Source) -> dict[str, Any]:
    """What the data set is: for whoever reads our output."""
    frame = source.load(as_frame=True).frame
    columns = [{"name": str(name), "type": str(kind)} for name, kind in frame.dtypes.items()]
    return {"name": source.name, "path": source.path, "rows": len(frame), "columns": columns}


def tell(**what: Any) -> None:
    """One line for whoever reads our output."""
    print(json.dumps(what), flush=True)


def main(uri: str) -> None:
    """Train everything."""
    mlflow.set_tracking_uri(uri)
    mlflow.sklearn.autolog(log_datasets=False, log_models=False, log_post_training_metrics=False, silent=True)
    work = list(steps(splits()))
    for number, step in enumerate(work, 1):
        step()
        tell(done=number, total=len(work))
    tell(sources=[describe(source) for source in SOURCES])


if __name__ == "__main__":
    main(sys.argv[1])
