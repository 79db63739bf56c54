"""The questions as commands and as methods of the client, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.cli.conftest import Lineal, _no_settings_from_outside, lineal  # noqa: F401
from tests.client.serving import serving
from tests.insight.conftest import COPY, CUSTOMERS, FEATURES, SHOP, Story, compute, first_columns

from lineal import Client


class Served(Story):
    """The story, told to a server."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._http.request(method, path, **more)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that was told a story with a failure at its end. Nothing is written to it any more."""
    with serving(tmp_path_factory.mktemp("data"), doors=()) as url:
        told = Served(url)
        told.load(1, 0, "aaa111", first_columns(), 100)
        compute(told, 2, 10)
        told.mlflow("registered-models/create", name="churn")
        experiment = told.mlflow("experiments/create", name="churn study")["experiment_id"]
        told.register(told.train(experiment, "first try", 20, "d1", depth=3), experiment, "churn", "champion")
        told.train(experiment, "second try", 30, "d2", depth=5)
        columns = first_columns() | {"age": [(SHOP, CUSTOMERS, "age", "DIRECT")]}
        told.load(11, 60, "bbb222", columns, 90)
        compute(told, 12, 70, "FAIL", error='column "age" is ambiguous')
        with Client(url) as client:
            [column] = client.search(f"{CUSTOMERS} city", kinds=["column"], limit=1).entities
            client.label(column, "personal data")
        yield url


def test_upstream(url: str, lineal: Lineal) -> None:  # noqa: F811
    drawn = lineal("upstream", "churn/1", "--server", url)
    assert drawn.lines[0] == "churn/1 model_version ↳personal data"
    assert "├── 2 columns · postgres" in drawn.lines
    assert any(line.endswith(f"{COPY}#id column in s3://lake  (indirect)") for line in drawn.lines)
    nothing = lineal("upstream", CUSTOMERS, "--server", url)
    assert nothing.out == "nothing is known that feeds it\n"
    found = lineal("upstream", "churn/1", "--server", url, "--json").json
    assert {each["group"] for each in found["groups"]} >= {"columns", "data sets", "jobs", "runs"}


def test_impact(url: str, lineal: Lineal) -> None:  # noqa: F811
    drawn = lineal("impact", f"{CUSTOMERS}#city", "--server", url)
    assert drawn.lines[0].startswith("1 production alias, 1 model version, 1 logged model, 2 columns")
    assert drawn.lines[1].split() == ["what", "sort", "how", "through"]
    assert drawn.lines[2].startswith("churn@champion")
    assert drawn.lines[-1].startswith("tell: data team (1), ada (1)")
    short = lineal("impact", f"{CUSTOMERS}#city", "-n", "1", "--alias", "live", "--server", url)
    assert short.lines[1:3][1].startswith("churn@champion")
    assert short.lines[-1].endswith("in all; more with --limit")
    cut = lineal("impact", CUSTOMERS, "--most", "1", "--server", url)
    assert "the walk was cut, go on with --most" in cut.out
    assert lineal("impact", "churn@champion", "--server", url).out == "nothing is known that hangs on it\n"


def test_models(url: str, lineal: Lineal) -> None:  # noqa: F811
    drawn = lineal("models", "--trained-on", "personal data", "--server", url).lines
    assert drawn[0] == "churn/1 serves as champion"
    assert drawn[1] == "├── made by run first try: train.py at c0ffee1234, by grace"
    assert drawn[2] == f"├── trained on {FEATURES}"
    assert drawn[-1].startswith(f"└── personal data: {CUSTOMERS}#city → derived → {COPY}#city")
    assert drawn[-1].endswith("→ output → churn-model → derived → churn/1 (put by local)")
    by_data = lineal("models", "--from", f"{CUSTOMERS}#id", "--alias", "*", "--server", url).lines
    assert by_data[-1].startswith(f"└── because: {CUSTOMERS}#id → derived → {COPY}#id")
    assert lineal("models", "--trained-on", "secret", "--server", url).out == "no such model serves\n"


def test_origin_and_code(url: str, lineal: Lineal) -> None:  # noqa: F811
    drawn = lineal("origin", "first try", "--metric", "accuracy", "--server", url).lines
    assert drawn[0].startswith("accuracy = 0.9 at step 3, 2026-03-01")
    assert drawn[2] == f"└── input {FEATURES} dataset in s3://lake ↳personal data @d1"
    assert "produces load …000001 run in nightly" in drawn[5]
    assert "load.sql at aaa111 of https://git.example.com/etl, by ada, SQL SELECT id" in drawn[5]
    told = lineal("code", COPY, "--server", url).lines
    assert told[0] == "load …000011 of load"
    assert "├── commit bbb222" in told
    assert lineal("code", CUSTOMERS, "--server", url).out == "nobody told which code made it\n"


def test_cause(url: str, lineal: Lineal) -> None:  # noqa: F811
    drawn = lineal("cause", "features", "--server", url).lines
    assert re.fullmatch(r"features as of 2026-03-01 .*; last well 2026-03-01 .*", drawn[0])
    assert drawn[1] == 'column "age" is ambiguous'
    assert "load" in drawn[3] and "aaa111" in drawn[3] and drawn[3].endswith("likely")
    assert "age added" in drawn[4]
    none = lineal("cause", CUSTOMERS, "--server", url).lines
    assert none[-1] == "nothing is known to have changed upstream before"


def test_versions_and_differences(url: str, lineal: Lineal) -> None:  # noqa: F811
    drawn = lineal("versions", COPY, "--server", url).lines
    assert re.fullmatch(r"written 2026-03-01 .* by load …000011", drawn[1])
    new, old = (line.split()[0] for line in drawn[3:5])
    assert "age added, rows -10" in drawn[3]
    changes = lineal("diff", f"{COPY}@{old}", f"{COPY}@{new}", "--server", url).lines
    assert changes[0].split() == ["area", "what", "how", "before", "after"]
    assert any(line.split()[:3] == ["schema", "age", "added"] for line in changes)
    assert any("commit (load …000011, 1 upstream)" in line for line in changes)
    runs = lineal("diff", "first try", "second try", "--server", url).lines
    assert [line.split() for line in runs[1:]] == [
        ["parameters", "depth", "changed", "3", "5"],
        ["data", FEATURES, "changed", "d1", "d2"],
    ]
    same = lineal("diff", "first try", "first try", "--server", url)
    assert same.out == "nothing differs, as far as anybody told\n"
    missing = lineal("diff", f"{COPY}@none", COPY, "--server", url)
    assert missing.status == 1
    assert "has no version 'none'; `lineal versions` lists them" in missing.err
    assert lineal("diff", "no such", COPY, "--server", url).err.startswith(
        "error: nothing is called 'no such'"
    )


def test_stale(url: str, lineal: Lineal) -> None:  # noqa: F811
    assert lineal("stale", "--server", url).out == "all data is as fresh as it usually is\n"


def test_the_client_asks_the_same(url: str) -> None:
    column = f"name:column:{SHOP.replace(':', '%3A').replace('/', '%2F')}/{CUSTOMERS}%23city"
    with Client(url) as client:
        entity = client.get(column)
        reach = client.impact(column, limit=1)
        assert (reach.ties[0].group, reach.more) == ("production aliases", True)
        assert client.impact(entity, limit=1) == reach
        assert client.upstream(column).ties == []
        [model] = client.trained_models("personal data", data=column).models
        assert model.code is not None and model.code.commit == "c0ffee1234567"
        ways = client.origin(model.version).ways
        assert ways[0][0].id == model.version
        assert client.code(model.version).code[0].by == "grace"
        [copy] = client.search(COPY, kinds=["dataset"], limit=1).entities
        newest, oldest = client.versions(copy).versions
        difference = client.diff(copy, before_version=oldest.name, after_version=newest.name)
        assert ("schema", "added") in {(each.area, each.how) for each in difference.changes}
        [failed] = client.search("features", kinds=["job"], limit=1).entities
        assert client.cause(failed).suspects[0].kind == "code"
        assert client.stale().datasets == []
