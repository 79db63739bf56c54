"""Runs under MLflow's autologging of Spark's ML library, on this machine, and loads the model again."""

from __future__ import annotations

import json

import mlflow
from pyspark.ml import Pipeline
from pyspark.ml.classification import DecisionTreeClassifier
from pyspark.ml.evaluation import MulticlassClassificationEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.tuning import CrossValidator, ParamGridBuilder
from pyspark.sql import SparkSession
from sklearn.datasets import load_iris

spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.driver.memory", "1g")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
frame = load_iris(as_frame=True).frame
frame.columns = [name.split(" (")[0].replace(" ", "_") for name in frame.columns]
measures = [name for name in frame.columns if name != "target"]
frame.to_csv("iris.csv", index=False)
flowers = spark.read.csv("iris.csv", header=True, inferSchema=True)

mlflow.set_experiment("autolog")
mlflow.pyspark.ml.autolog()
classifier = DecisionTreeClassifier(labelCol="target", maxDepth=3)
pipeline = Pipeline(stages=[VectorAssembler(inputCols=measures, outputCol="features"), classifier])
with mlflow.start_run(run_name="spark") as run:
    model = pipeline.fit(flowers)
    guessed = model.transform(flowers)
    score = MulticlassClassificationEvaluator(labelCol="target", metricName="accuracy").evaluate(guessed)
mlflow.pyspark.ml.autolog(log_models=False)
with mlflow.start_run(run_name="spark-search") as searched:
    CrossValidator(
        estimator=pipeline,
        estimatorParamMaps=ParamGridBuilder().addGrid(classifier.maxDepth, [1, 2]).build(),
        evaluator=MulticlassClassificationEvaluator(labelCol="target"),
        numFolds=2,
        seed=0,
    ).fit(flowers)
mlflow.pyspark.ml.autolog(disable=True)

found = mlflow.get_run(run.info.run_id)
assert found.info.status == "FINISHED"
assert found.data.metrics["accuracy_flowers"] == score, found.data.metrics
(logged,) = json.loads(found.data.tags["mlflow.log-model.history"])
assert (logged["artifact_path"], sorted(logged["flavors"])) == ("model", ["python_function", "spark"]), logged
again = mlflow.spark.load_model(f"runs:/{run.info.run_id}/model")
column = [row.prediction for row in again.transform(flowers).collect()]
assert column == [row.prediction for row in guessed.collect()], "the model came back another one"
children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{searched.info.run_id}'")
assert sorted(children["params.DecisionTreeClassifier.maxDepth"]) == ["1", "2"], children.columns

print(
    json.dumps(
        {
            "run": run.info.run_id,
            "searched": searched.info.run_id,
            "children": list(children["run_id"]),
            "params": found.data.params,
            "metrics": found.data.metrics,
            "inputs": [
                (given.dataset.name, given.dataset.source_type, given.dataset.source)
                for given in found.inputs.dataset_inputs
            ],
            "files": sorted(file.path for file in mlflow.artifacts.list_artifacts(run_id=run.info.run_id)),
        }
    )
)
