from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Lineal
from tests.client.serving import serving

from lineal import Client


def test_search(lineal: Lineal, data: Path) -> None:
    found = lineal("search", "churn", "--data", data)
    assert found.status == 0
    assert found.lines[0].split() == ["id", "name", "kind", "namespace", "labels", "owner"]
    assert {line.split("  ")[1] for line in found.lines[1:]} == {"churn", "churn study"}
    assert lineal("search", "no such thing", "--data", data).out == "nothing found\n"


def test_search_narrowed_and_as_json(lineal: Lineal, data: Path) -> None:
    by_label = lineal("search", "--label", "personal data", "--kind", "model", "--data", data, "--json").json
    assert [each["name"] for each in by_label["entities"]] == ["churn"]
    by_owner = lineal("search", "--owner", "ada", "--data", data, "--json").json
    assert [each["kind"] for each in by_owner["entities"]] == ["dataset"]
    limited = lineal("search", "--limit", "2", "--data", data)
    assert limited.lines[-1] == "5 in all; more with --limit"


def test_show(lineal: Lineal, data: Path) -> None:
    shown = lineal("show", "orders.csv", "--data", data)
    assert shown.lines[0] == "…/orders.csv dataset in file #personal data"
    assert "name     /lake/raw/shop/orders/orders.csv" in shown.lines
    assert "input →  run 0 run" in shown.lines
    found = lineal("show", "run 1", "--data", data, "--json").json
    assert found["entity"]["properties"] == {"param.rate": 0.2}


def test_lineage_is_a_tree(lineal: Lineal, data: Path) -> None:
    assert lineal("lineage", "churn", "--data", data).lines == [
        "churn model ↳personal data",
        "└── made from",
        "    └── output run 1 run ↳personal data",
        "        └── input …/orders.csv dataset in file #personal data",
    ]
    down = lineal("lineage", "orders.csv", "--direction", "down", "--data", data)
    assert down.lines == [
        "…/orders.csv dataset in file #personal data",
        "└── led to",
        "    ├── input run 0 run ↳personal data",
        "    └── input run 1 run ↳personal data",
        "        └── output churn model ↳personal data",
    ]


def test_lineage_names_a_node_again_without_drawing_it_twice(lineal: Lineal, data: Path) -> None:
    with Client(data) as client:
        client.link(
            "name:dataset:file/%2Flake%2Fraw%2Fshop%2Forders%2Forders.csv",
            "derived",
            "name:model:default/churn",
        )
    lines = lineal("lineage", "orders.csv", "--direction", "down", "--data", data).lines
    assert lines[2] == "    ├── derived churn model ↳personal data"
    assert lines[-1] == "        └── output churn model ↳personal data (see above)"


def test_lineage_of_some_kinds_shows_what_hangs_on_nothing(lineal: Lineal, data: Path) -> None:
    lines = lineal("lineage", "churn", "--kind", "dataset", "--data", data).lines
    assert lines == ["churn model ↳personal data", "└── … …/orders.csv dataset in file #personal data"]


def test_lineage_hides_names_of_what_one_may_not_see(lineal: Lineal, data: Path) -> None:
    lineal("user", "add", "ada", "--password", "correct horse", "--data", data)
    lineal("user", "add", "bob", "--password", "correct horse", "--data", data)
    lineal("grant", "add", "viewer", "bob", "--kind", "model", "--data", data)
    secret = lineal("token", "create", "bob", "--data", data).out.strip()
    with serving(data) as url:
        seen = lineal("lineage", "churn", "--server", url, "--token", secret)
    assert seen.lines[2] == "    └── output something you may not see"
    assert "orders" not in seen.out
    assert "run 1" not in seen.out


def test_runs(lineal: Lineal, data: Path) -> None:
    listed = lineal("runs", "--data", data)
    assert listed.lines[0].split() == ["id", "run", "started", "accuracy", "loss", "rate"]
    assert [line.split()[2] for line in listed.lines[1:]] == ["1", "0"]
    for options, first in {
        ("--sort", "loss"): "run 0",
        ("--sort", "metrics.loss", "--asc"): "run 1",
        ("--sort", "params.rate"): "run 1",
        ("--sort", "name", "--asc"): "run 0",
    }.items():
        assert lineal("runs", *options, "--data", data, "--json").json[0]["name"] == first
    some = lineal("runs", "churn study", "--metric", "loss", "--param", "rate", "--data", data)
    assert some.lines[0].split() == ["id", "run", "started", "loss", "rate"]
    assert some.lines[1].split()[-2:] == ["0.8", "0.2"]


def test_runs_show_what_tells_them_apart(lineal: Lineal, data: Path) -> None:
    with Client(data) as client:
        for number in range(3):
            run = client.put("run", f"more {number}", properties={"param.seed": 7, "param.depth": number})
            client.log(run, {"loss": 0.5} | ({"rare": 1.0} if number == 0 else {}))
        experiment = client.put("experiment", "more")
        for number in range(3):
            client.put("run", f"more {number}", home=experiment)
    heading = lineal("runs", "more", "--data", data).lines[0].split()
    assert heading == ["id", "run", "started", "loss", "depth"]
    assert lineal("runs", "no such experiment", "--data", data).status == 1
    with Client(data) as client:
        client.put("experiment", "nothing yet")
    assert lineal("runs", "nothing yet", "--data", data).out == "no runs\n"


def test_history(lineal: Lineal, data: Path) -> None:
    told = lineal("history", "orders.csv", "--data", data)
    actions = ["labelled", "linked", "linked", "created"]
    assert all(action in line for action, line in zip(actions, told.lines[1:], strict=True))
    assert (
        lineal("history", "orders.csv", "-n", "1", "--data", data, "--json").json[0]["action"] == "labelled"
    )


def test_why_a_label(lineal: Lineal, data: Path) -> None:
    told = lineal("why", "churn", "--data", data)
    assert told.out == ("personal data: …/orders.csv → input → run 1 → output → churn (put by local)\n")
    assert lineal("why", "churn study", "--data", data).out == "churn study bears no such label\n"
    assert lineal("why", "churn", "--label", "personal data", "--data", data, "--json").json[0]["edges"] == [
        "input",
        "output",
    ]


def test_why_somebody_may(lineal: Lineal, data: Path) -> None:
    lineal("user", "add", "ada", "--password", "correct horse", "--data", data)
    lineal("user", "add", "bob", "--password", "correct horse", "--data", data)
    lineal("grant", "add", "viewer", "bob", "--namespace", "file", "--data", data)
    may = lineal("why", "orders.csv", "--who", "bob", "--data", data).lines
    assert may[0] == "bob may act as viewer on /lake/raw/shop/orders/orders.csv"
    assert "namespace file" in may[1]
    may_not = lineal("why", "churn", "--who", "bob", "--role", "editor", "--data", data).lines
    assert may_not[0] == "bob may not act as editor on churn"
    both = lineal("why", "churn", "--who", "bob", "--label", "x", "--data", data)
    assert (both.status, both.err) == (1, "error: ask one thing at a time: --label or --who\n")


@pytest.mark.parametrize("command", ["search churn", "show churn", "lineage churn", "runs", "history churn"])
def test_the_same_against_a_server(lineal: Lineal, data: Path, command: str) -> None:
    words = command.split()
    here = lineal(*words, "--data", data)
    with serving(data) as url:
        there = lineal(*words, "--server", url)
    assert there == here
    assert there.status == 0


def test_ref_of_several(lineal: Lineal, data: Path) -> None:
    with Client(data) as client:
        client.put("dataset", "churn", namespace="other")
    asked = lineal("show", "churn", "--data", data)
    assert asked.status == 1
    assert asked.err.startswith("error: several entities are called 'churn'; say which: ")
    assert asked.err.count("\n") == 1
    assert "(dataset in other)" in asked.err
    assert lineal("show", "name:dataset:other/churn", "--data", data).status == 0
