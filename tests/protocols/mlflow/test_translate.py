"""Pure translation: data sets, packaging files, qualified series, small words."""

from __future__ import annotations

import json
import math

import pytest

from lineal.graph.model import Entity, Point
from lineal.graph.names import Place
from lineal.protocols.mlflow import datasets, packaging, translate, validate
from lineal.protocols.mlflow.artifacts.places import Spot, locate
from lineal.protocols.mlflow.errors import Refused
from lineal.protocols.mlflow.metrics import make_token, read_token, sample
from lineal.protocols.mlflow.wire import Dataset, DatasetInput, InputTag, LogMetric


@pytest.mark.parametrize(
    ("source_type", "source", "place"),
    [
        ("local", {"uri": "/data/a.csv"}, Place("file", "/data/a.csv")),
        ("local", {"uri": "data/a.csv"}, Place("mlflow", "d@x1")),
        ("s3", {"uri": "s3a://lake/a"}, Place("s3://lake", "a")),
        ("http", {"url": "https://h.org/a.csv"}, Place("https://h.org", "a.csv")),
        ("delta_table", {"path": "/mnt/t", "delta_table_version": 3}, Place("file", "/mnt/t")),
        ("delta_table", {"delta_table_name": "s.t"}, Place("hive", "s.t")),
        (
            "delta_table",
            {"delta_table_name": "c.s.t", "is_databricks_uc_table": True},
            Place("unitycatalog", "c.s.t"),
        ),
        ("spark", {"table_name": "s.t"}, Place("hive", "s.t")),
        ("spark", {"sql": "SELECT 1"}, Place("mlflow", "d@x1")),
        ("hugging_face", {"path": "squad"}, Place("https://huggingface.co", "datasets/squad")),
        ("uc_volume", {"path": "/Volumes/c/s/v"}, Place("dbfs", "/Volumes/c/s/v")),
        ("code", {"tags": {"mlflow.user": "ann"}}, Place("mlflow", "d@x1")),
    ],
)
def test_a_data_set_is_named_by_its_location(
    source_type: str, source: dict[str, object], place: Place
) -> None:
    assert datasets.place_of(Dataset("d", "x1", source_type, json.dumps(source))) == place


def test_an_edge_keeps_every_state_that_was_read() -> None:
    first = DatasetInput(
        Dataset("d", "1", "local", "{}", profile="p"), [InputTag("mlflow.data.context", "train")]
    )
    second = DatasetInput(Dataset("d", "2", "local", "{}"), [InputTag("a", "b")])
    detail = datasets.with_input({}, first)
    assert detail["context"] == "train"
    assert datasets.with_input(detail, first) == detail
    both = datasets.with_input(detail, second)
    assert both["digest"] == "2"
    assert datasets.inputs_of(both) == [first, second]
    assert datasets.inputs_of(datasets.with_input(both, second)) == [first, second]
    assert datasets.inputs_of({}) == []


def test_the_fields_of_a_data_set_become_its_schema() -> None:
    columns = {"mlflow_colspec": [{"name": "a", "type": "long"}, {"type": {"x": 1}}]}
    expected = {"fields": [{"name": "a", "type": "long"}, {"name": "1", "type": "object"}]}
    assert datasets.schema_of(Dataset("d", "1", schema=json.dumps(columns))) == expected
    tensor = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}}]
    tensors = {"mlflow_tensorspec": {"features": json.dumps(tensor), "targets": None}}
    found = datasets.schema_of(Dataset("d", "1", schema=json.dumps(tensors)))
    assert found == {"fields": [{"name": "0", "type": "float64[-1, 4]"}]}
    for text in ("", "no json", "[]", '{"mlflow_colspec": 5}', '{"mlflow_colspec": []}'):
        assert datasets.schema_of(Dataset("d", "1", schema=text)) is None


MLMODEL = """\
flavors:
  sklearn:
    code: null
signature:
  inputs: '[{"type": "double", "name": "sepal length (cm)", "required": true}, {"type":
    "string", "name": "it''s", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: null
type_hint_from_example: false
"""


def test_a_signature_is_read_from_mlmodel() -> None:
    found = packaging.signature(MLMODEL)
    assert found is not None
    assert [each["name"] for each in found["inputs"]] == ["sepal length (cm)", "it's"]
    assert found["outputs"][0]["tensor-spec"]["shape"] == [-1]
    assert "params" not in found
    for text in ("", "signature: null\n", "signature:\n  inputs: 'not json'\n"):
        assert packaging.signature(text) is None


def test_an_environment_is_read_from_the_files_beside_it() -> None:
    conda = "channels:\n- conda-forge\ndependencies:\n- python=3.10.4\n- pip<=24\n- pip:\n  - mlflow==3.1\n  - numpy\n"
    files = {
        "python_env.yaml": "python: 3.11.7\n",
        "requirements.txt": "numpy==2\n# why\n\n",
        "conda.yaml": conda,
    }
    assert packaging.environment(files) == {"python": "3.11.7", "requirements": ["numpy==2"]}
    assert packaging.environment({"conda.yaml": conda}) == {
        "python": "3.10.4",
        "requirements": ["mlflow==3.1", "numpy"],
    }
    assert packaging.environment({}) is None


def test_a_models_metric_tells_run_and_data() -> None:
    metric = LogMetric("r", "acc", 0.5, 7, 1, "m-1", "a&b=c?", "d 1")
    plain, whole = translate.model_points(metric, "r")
    assert plain.key == "acc"
    shown = translate.model_metric(whole, "m-1")
    assert (shown.key, shown.run_id, shown.dataset_name, shown.dataset_digest) == (
        "acc",
        "r",
        "a&b=c?",
        "d 1",
    )
    assert translate.is_qualified(whole.key)
    assert not translate.is_qualified(plain.key)


def test_numbers_that_json_lacks_are_words() -> None:
    assert [translate.number(value) for value in (math.inf, -math.inf, 2)] == ["Infinity", "-Infinity", 2.0]
    assert translate.number(math.nan) == "NaN"


def test_enums_go_by_number_and_by_name() -> None:
    assert (
        translate.run_status(3) == translate.run_status("3") == translate.run_status("FINISHED") == "FINISHED"
    )
    assert translate.view(2) == translate.view("DELETED_ONLY") == "deleted"
    for wrong in (0, 9, "DONE", -1):
        with pytest.raises(Refused):
            translate.run_status(wrong)


def test_a_location_keeps_the_query_of_its_url() -> None:
    assert translate.joined("s3://b/p?x=1", "a", "b") == "s3://b/p/a/b?x=1"
    assert translate.joined("s3://b/p/#x", "a") == "s3://b/p/a#x"
    assert translate.joined("mlflow-artifacts:/1/", "a") == "mlflow-artifacts:/1/a"
    assert translate.joined("/data/odd#name?", "a") == "/data/odd#name?/a"


def test_other_tools_things_have_ids_of_the_same_form() -> None:
    run = Entity(7, "a" * 32, "run", "default", "x", ended=5, properties={"param.n": 3})
    info = translate.run_info(run, "1", "mlflow-artifacts:/1")
    assert (info.run_id, info.status) == ("a" * 32, "FINISHED")
    assert translate.run_data(run).params[0].value == "3"
    assert translate.experiment_id(Entity(7, "b" * 32, "experiment", "default", "x")) == "7"


RUN, MODEL = "0123456789abcdef" * 2, "m-" + "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("path", "spot"),
    [
        (f"12/{RUN}/artifacts/a/b", Spot(translate.run_ref(RUN), "a/b")),
        (f"my/root/{RUN}/artifacts", Spot(translate.run_ref(RUN), "")),
        (f"12/models/{MODEL}/artifacts/MLmodel", Spot(translate.model_ref(MODEL), "MLmodel")),
        ("12/notes/a.txt", Spot(translate.experiment_ref("12"), "notes/a.txt")),
        ("else/where", Spot(translate.experiment_ref("0"), "else/where")),
        ("", Spot(translate.experiment_ref("0"), "")),
    ],
)
def test_a_path_of_the_proxy_means_an_entity(path: str, spot: Spot) -> None:
    assert locate(path) == spot


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../b",
        "/etc/passwd",
        "%2e%2e/x",
        "%252e%252e%252fx",
        "a#b",
        "C:/x",
        "a\\b",
        "a\nb",
        "%25" * 2000,
    ],
)
def test_a_path_leads_nowhere_else(path: str) -> None:
    with pytest.raises(Refused, match="Invalid path"):
        validate.path(path)


def test_harmless_paths_pass() -> None:
    assert validate.path("model 1/über%20x.txt") == "model 1/über%20x.txt"
    assert validate.path("a//b/./c/") == "a/b/c"
    assert validate.path(".") == ""


@pytest.mark.parametrize("key", ["a", "a/b c.d-e:f_ö", "x" * 250])
def test_keys_that_mlflow_takes(key: str) -> None:
    validate.key(key)


@pytest.mark.parametrize("key", ["", "..", "a/../b", "/a", "a//b", "a?", "a{b}", "x" * 251, "a\n", "./a"])
def test_keys_that_mlflow_refuses(key: str) -> None:
    with pytest.raises(Refused):
        validate.key(key)


def test_a_sample_is_even_and_keeps_both_ends() -> None:
    points = [Point("m", 1.0, 1, step) for step in range(10)]
    assert [point.step for point in sample(points, 5)] == [0, 2, 4, 6, 9]
    assert sample(points, 10) == points
    assert [point.step for point in sample(points, 1)] == [9]


def test_a_page_token_is_only_good_if_it_is_ours() -> None:
    assert read_token(make_token(40)) == 40
    assert read_token("") == 0
    for token in ("x", "invalid_token", make_token(-1), "é"):
        with pytest.raises(Refused):
            read_token(token)
