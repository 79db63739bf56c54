"""Runs under MLflow's autologging of XGBoost, LightGBM and statsmodels, and loads each model again."""

from __future__ import annotations

import json
from typing import Any

import lightgbm
import mlflow
import numpy as np
import statsmodels.api as statsmodels
import xgboost
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.model_selection import train_test_split

ROUNDS = 10

mlflow.set_experiment("autolog")
features, labels = load_breast_cancer(return_X_y=True, as_frame=True)
train_x, test_x, train_y, test_y = train_test_split(features, labels, random_state=0)


def told(run: mlflow.entities.Run) -> dict[str, Any]:
    """What MLflow's own client reads of the run; its model must be ready."""
    found = mlflow.get_run(run.info.run_id)
    assert found.info.status == "FINISHED"
    (output,) = found.outputs.model_outputs
    assert mlflow.get_logged_model(output.model_id).status == "READY"
    return {
        "run": run.info.run_id,
        "model": output.model_id,
        "params": found.data.params,
        "metrics": found.data.metrics,
        "inputs": sorted(
            (tag.value, given.dataset.name)
            for given in found.inputs.dataset_inputs
            for tag in given.tags
            if tag.key == "mlflow.data.context"
        ),
        "files": sorted(file.path for file in mlflow.artifacts.list_artifacts(run_id=run.info.run_id)),
    }


def history(run: mlflow.entities.Run, key: str) -> list[tuple[int, float]]:
    """Steps and values of a metric."""
    return [
        (each.step, each.value) for each in mlflow.MlflowClient().get_metric_history(run.info.run_id, key)
    ]


def xgboost_run() -> dict[str, Any]:
    mlflow.xgboost.autolog()
    with mlflow.start_run(run_name="xgboost") as run:
        train, test = xgboost.DMatrix(train_x, train_y), xgboost.DMatrix(test_x, test_y)
        evaluated: dict[str, Any] = {}
        booster = xgboost.train(
            {"objective": "binary:logistic", "max_depth": 3, "eta": 0.3, "eval_metric": "logloss"},
            train,
            num_boost_round=ROUNDS,
            evals=[(train, "train"), (test, "test")],
            evals_result=evaluated,
            verbose_eval=False,
        )
    mlflow.xgboost.autolog(disable=True)
    losses = history(run, "test-logloss")
    assert losses == list(enumerate(evaluated["test"]["logloss"])), losses
    told_run = told(run)
    again = mlflow.xgboost.load_model(f"models:/{told_run['model']}")
    assert np.array_equal(again.predict(test), booster.predict(test)), "the model came back another one"
    return {**told_run, "history": losses}


def lightgbm_run() -> dict[str, Any]:
    mlflow.lightgbm.autolog()
    with mlflow.start_run(run_name="lightgbm") as run:
        train = lightgbm.Dataset(train_x, train_y, free_raw_data=False)
        test = lightgbm.Dataset(test_x, test_y, reference=train, free_raw_data=False)
        evaluated: dict[str, Any] = {}
        booster = lightgbm.train(
            {"objective": "binary", "metric": "binary_logloss", "num_leaves": 7, "verbosity": -1},
            train,
            num_boost_round=ROUNDS,
            valid_sets=[train, test],
            valid_names=["train", "test"],
            callbacks=[lightgbm.record_evaluation(evaluated)],
        )
    mlflow.lightgbm.autolog(disable=True)
    losses = history(run, "test-binary_logloss")
    assert losses == list(enumerate(evaluated["test"]["binary_logloss"])), losses
    told_run = told(run)
    again = mlflow.pyfunc.load_model(f"models:/{told_run['model']}")
    assert np.allclose(again.predict(test_x), booster.predict(test_x)), "the model came back another one"
    return {**told_run, "history": losses}


def statsmodels_run() -> dict[str, Any]:
    mlflow.statsmodels.autolog()
    measured, progression = load_diabetes(return_X_y=True, as_frame=True)
    with mlflow.start_run(run_name="statsmodels") as run:
        fitted = statsmodels.OLS(progression, statsmodels.add_constant(measured)).fit(cov_type="HC1")
    mlflow.statsmodels.autolog(disable=True)
    told_run = told(run)
    assert told_run["metrics"]["rsquared"] == fitted.rsquared
    summary = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/model_summary.txt")
    assert "OLS Regression Results" in summary
    again = mlflow.statsmodels.load_model(f"models:/{told_run['model']}")
    assert np.array_equal(again.params, fitted.params), "the model came back another one"
    return told_run


print(
    json.dumps(
        {"xgboost": xgboost_run(), "lightgbm": lightgbm_run(), "statsmodels": statsmodels_run()},
        allow_nan=False,
    )
)
