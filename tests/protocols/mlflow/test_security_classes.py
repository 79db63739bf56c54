"""Each class of defect that was published for MLflow's server, and where it is tried on this door.

| class | what got in there | tried here |
|---|---|---|
| path traversal in artifacts | `..`, encoded, absolute, by links, by locations | test_security_artifacts::test_no_path_reads_what_lies_outside |
| | | test_security_artifacts::test_no_path_changes_what_lies_outside |
| | | test_security_artifacts::test_no_location_leads_to_what_lies_outside |
| path traversal in models | sources of versions that read any file | test_security_artifacts::test_no_source_of_a_version_leads_to_other_files |
| forged requests of the server | locations and sources on other hosts | test_security_artifacts::test_nothing_is_ever_fetched_from_where_a_stranger_says |
| | webhooks to private addresses, redirects, names that change | test_security::test_private_addresses_are_refused_however_they_are_spelt |
| | | test_security::test_a_name_that_leads_elsewhere_the_second_time_gains_nothing |
| | | test_security::test_redirects_lead_nowhere |
| credentials sent elsewhere | locations and sources that send clients to other servers | test_registry_sources::test_clients_are_sent_to_no_other_server |
| | the same for a whole workspace | test_security_classes::test_no_workspace_sends_clients_elsewhere |
| unsafe deserialisation | pickles and recipes in models | test_security_artifacts::test_what_a_model_holds_is_never_run |
| | code in scorers | test_security_classes::test_the_code_of_a_scorer_is_text |
| archives | members that leave the folder, bombs | test_security_artifacts::test_archives_are_files_like_others |
| | | test_security_artifacts::test_a_compressed_body_is_unpacked_once_and_no_more |
| forged requests of a browser | pages of other sites, with a cookie | test_security_access::test_changes_nothing_with_the_cookie |
| | the same on localhost, where nobody signs in | test_security_classes::test_a_page_of_another_site_changes_nothing_on_localhost |
| rebinding of names | a name of theirs that resolves to localhost | test_security_classes::test_a_rebound_name_reaches_no_operation |
| stored scripts | HTML and SVG as artifacts | test_security_artifacts::test_no_browser_runs_an_artifact |
| | names and messages that echo them | test_security_classes::test_no_name_becomes_a_page |
| | line breaks that become headers | test_security_artifacts::test_no_name_becomes_a_header |
| permissions that do not hold | operations without a check | test_stranger::test_a_stranger_is_told_nothing_and_changes_nothing |
| | somebody else's files by a detour | test_security_artifacts::test_nobody_reads_or_changes_anothers_files_by_a_detour |
| | naming another workspace | test_security_access::test_a_stranger_is_told_nothing |
"""  # noqa: E501

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.protocols.mlflow.conftest import Client

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.protocols.base import Route
from lineal.protocols.mlflow import door

EVIL = "evil.example"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_what_the_table_names_is_there() -> None:
    named = re.findall(r"(test_\w+)::(test_\w+)", __doc__ or "")
    assert len(named) > 20
    files = {path.stem: path.read_text("utf-8") for path in Path(__file__).parents[2].rglob("test_*.py")}
    files["test_stranger"] += (Path(__file__).parents[3] / "src/lineal/testing/protocol.py").read_text(
        "utf-8"
    )
    assert [name for file, name in named if f"def {name}(" not in files[file]] == []


def operations() -> list[Route]:
    return [route for route in door.routes() if not route.public]


def _path(route: Route) -> str:
    return re.sub(r"\{[^}]+\}", "1", route.path)


def test_a_rebound_name_reaches_no_operation(client: Client, catalog: Catalog) -> None:
    before = catalog.session(LOCAL, "test").newest()
    headers = {"Host": f"{EVIL}:5000", "Origin": f"http://{EVIL}:5000", "Sec-Fetch-Site": "same-origin"}
    statuses = {
        (route.method, route.path): client.send(route.method, _path(route), headers=headers).status_code
        for route in operations()
    }
    assert len(statuses) > 150
    assert {key: status for key, status in statuses.items() if status != 403} == {}
    assert catalog.session(LOCAL, "test").newest() == before


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_a_page_of_another_site_changes_nothing_on_localhost(
    client: Client, catalog: Catalog, kind: str
) -> None:
    before = catalog.session(LOCAL, "test").newest()
    headers = {"Origin": f"https://{EVIL}", "Content-Type": kind}
    for route in operations():
        if route.method != "GET":
            answer = client.send(route.method, _path(route), headers=headers, content=b'{"name": "planted"}')
            assert answer.status_code == 403, (route.method, route.path)
    assert catalog.session(LOCAL, "test").newest() == before


@pytest.mark.parametrize("root", [f"https://{EVIL}/x", f"mlflow-artifacts://{EVIL}/x", f"HTTP://{EVIL}"])
def test_no_workspace_sends_clients_elsewhere(client: Client, root: str) -> None:
    answer = client.send(
        "POST", "/api/3.0/mlflow/workspaces", json={"name": "team", "default_artifact_root": root}
    )
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    made = client.send("POST", "/api/3.0/mlflow/workspaces", json={"name": "team"})
    assert made.status_code == 201
    changed = client.send("PATCH", "/api/3.0/mlflow/workspaces/team", json={"default_artifact_root": root})
    assert changed.status_code == 400


def test_the_code_of_a_scorer_is_text(client: Client, tmp_path: Path) -> None:
    """Clients that load it decide for themselves; the server keeps it, and never looks inside."""
    trap = tmp_path / "ran"
    code = f"open({str(trap)!r}, 'w').close()"
    for text in (
        json.dumps({"name": "s", "call_source": code, "original_func_name": "s"}),
        code,
        "!!python/x",
    ):
        scorer = {"experiment_id": "0", "name": "s", "serialized_scorer": text}
        client.send("POST", "/api/3.0/mlflow/scorers/register", json=scorer)
        client.send("GET", "/api/3.0/mlflow/scorers/list", params={"experiment_id": "0"})
    body = [{"inputs": {"x": {"__class__": "os.system", "__reduce__": code}}, "expectations": {"y": code}}]
    made = client.send("POST", "/api/3.0/mlflow/datasets/create", json={"name": "d"}).json()
    number = made["dataset"]["dataset_id"]
    put = client.send(
        "POST", f"/api/3.0/mlflow/datasets/{number}/records", json={"records": json.dumps(body)}
    )
    assert put.status_code == 200
    assert not trap.exists()


def test_no_name_becomes_a_page(client: Client) -> None:
    """Whatever is echoed, as a result or in a message, no browser takes it for HTML."""
    experiment = client.experiment(SCRIPT)
    run = client.run(experiment, run_name=SCRIPT, tags=[{"key": "mlflow.note.content", "value": SCRIPT}])
    client.post("registered-models/create", name=SCRIPT.replace("/", "|"), description=SCRIPT)
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "experiments/get-by-name", {"params": {"experiment_name": SCRIPT}}),
        ("GET", "experiments/get-by-name", {"params": {"experiment_name": f"no {SCRIPT}"}}),
        ("GET", "experiments/get", {"params": {"experiment_id": SCRIPT}}),
        ("GET", "runs/get", {"params": {"run_id": run}}),
        ("GET", "runs/get", {"params": {"run_id": SCRIPT}}),
        ("GET", "registered-models/search", {"params": {"filter": SCRIPT}}),
        ("GET", "registered-models/search", {}),
        (
            "POST",
            "runs/search",
            {"json": {"experiment_ids": [experiment], "filter": f"params.`{SCRIPT}` > 1"}},
        ),
        ("POST", "experiments/create", {"content": SCRIPT.encode()}),
        ("GET", f"{quote(SCRIPT)}", {}),
        ("PUT", f"/api/2.0/mlflow/runs/{quote(SCRIPT, safe='')}", {}),
        ("GET", "/get-artifact", {"params": {"run_id": run, "path": SCRIPT}}),
        ("GET", "/model-versions/get-artifact", {"params": {"name": SCRIPT, "version": "1", "path": "x"}}),
        ("GET", f"/api/2.0/mlflow-artifacts/artifacts/{quote(SCRIPT)}", {}),
        ("POST", "/v1/traces", {"content": SCRIPT.encode(), "headers": {"x-mlflow-experiment-id": SCRIPT}}),
        ("DELETE", "runs/search", {"params": {"x": SCRIPT}}),
    ]
    for method, path, more in asked:
        answer = client.send(method, path, **more)
        kind = answer.headers.get("content-type", "")
        assert "alert(1)" not in answer.text or kind == "application/json", (method, path, kind)
