"""A data set with a record, a scorer, a question, a queue with a trace in it, and an issue."""

from __future__ import annotations

import json
from typing import Any

from lineal.graph.change import Change, PutEntity
from lineal.graph.model import ByExternal, External
from lineal.protocols.base import Route
from lineal.testing.protocol import Served

API = "/api/3.0/mlflow"
TRACE = "tr-evaluated"

WORDS: set[str] = {
    "gribblenok", "flumpet", "squornish", "dazzlewick", "plimsoddle", "wozzletop", "krumhornet", "vorpaline",
    "snicketish", "tumtumber", "jubbernaut", "frabjoyer", "mimsyfold", "outgrabber", "momerathic", "borogrove",
}  # fmt: skip
"""Each stands for one place in which text is kept."""


def fill(served: Served, made: dict[str, str]) -> dict[str, list[str]]:
    """Put one of everything there, and answer what may stand in the variables of paths."""
    owner, experiment = served.owner, made["experiment"]

    def post(path: str, **body: Any) -> Any:
        return owner.json("POST", f"{API}/{path}", body={"experiment_id": experiment, **body})

    home = ByExternal("mlflow.experiment", experiment)
    put = PutEntity(kind="trace", home=home, external=[External("mlflow.trace", TRACE)])
    served.session.commit(Change([put]))
    tags = json.dumps({"flumpet": "flumpet"})
    dataset = post("datasets/create", name="gribblenok", experiment_ids=[experiment], tags=tags)["dataset"]
    made["dataset"] = dataset["dataset_id"]
    rows = json.dumps([{"inputs": {"dazzlewick": "squornish"}}])
    post(f"datasets/{made['dataset']}/records", records=rows)
    records = owner.json("GET", f"{API}/datasets/{made['dataset']}/records")["records"]
    made["record"] = json.loads(records)[0]["dataset_record_id"]
    judge = {"instructions_judge_pydantic_data": {"instructions": "wozzletop", "model": "gateway:/g"}}
    scorer = post("scorers/register", name="plimsoddle", serialized_scorer=json.dumps(judge))
    made["scorer"] = scorer["scorer_id"]
    config = {"sample_rate": 0.5, "filter_string": "tags.krumhornet = '1'"}
    owner.json(
        "PUT",
        f"{API}/scorers/online-config",
        body={"experiment_id": experiment, "name": "plimsoddle", **config},
    )
    choice = {"categorical": {"options": ["tumtumber"]}}
    asked = {"name": "vorpaline", "type": "FEEDBACK", "input": choice, "instruction": "snicketish"}
    made["schema"] = post("label-schemas/create", **asked)["label_schema"]["schema_id"]
    given = {"name": "jubbernaut", "queue_type": "CUSTOM", "users": ["frabjoyer"]}
    made["queue"] = post("review-queues/create", **given)["review_queue"]["queue_id"]
    post("review-queues/items/add", queue_id=made["queue"], item_ids=[TRACE])
    told = {
        "description": "outgrabber",
        "metadata": {"momerathic": "momerathic"},
        "categories": ["borogrove"],
    }
    made["issue"] = post("issues", name="mimsyfold", **told)["issue"]["issue_id"]
    return {"dataset_id": [made["dataset"]], "issue_id": [made["issue"]], "key": ["flumpet"]}


def arguments(made: dict[str, Any], route: Route) -> dict[str, Any]:
    """What the operation may ask for, as parameters and as a body alike, over what every operation is asked."""
    prefix, _, path = route.path.partition("/3.0/mlflow/")
    asked = _ASKED.get(path.partition("/")[0])
    # What is made under both prefixes needs two names.
    return asked(made, path, f"other{prefix.strip('/')}") if asked is not None else {}


def _of_datasets(made: dict[str, Any], path: str, new: str) -> dict[str, Any]:
    experiments = ["999999"] if path.endswith("remove-experiments") else [made["experiment"]]
    return {
        "name": new,
        "experiment_ids": experiments,
        "tags": json.dumps({"other": "x"}),
        "records": json.dumps([{"inputs": {"other": 1}}]),
        "dataset_record_ids": [made["record"]],
        "filter_string": "name != 'x'",
    }


def _of_scorers(made: dict[str, Any], path: str, new: str) -> dict[str, Any]:
    version = {"version": 1} if path.endswith("delete") else {}
    name = new if path.endswith("register") else "plimsoddle"
    rest = {"serialized_scorer": "{}", "scorer_ids": [made["scorer"]], "sample_rate": 0.5}
    return {"experiment_ids": [], "name": name, **rest, **version}


def _of_schemas(made: dict[str, Any], path: str, new: str) -> dict[str, Any]:
    name = "vorpaline" if path.endswith("get-by-name") else new + path
    choice = {"categorical": {"options": ["a"]}}
    return {"schema_id": made["schema"], "name": name, "type": "FEEDBACK", "input": choice}


def _of_queues(made: dict[str, Any], path: str, new: str) -> dict[str, Any]:
    name = "jubbernaut" if path.endswith("get-by-name") else new + path
    asked = {"queue_id": made["queue"], "name": name, "queue_type": "CUSTOM", "users": []}
    if path.endswith(("get-or-create-user", "queues/list")):
        return asked | {"user": "frabjoyer"}
    if "items/" not in path or path.endswith("list"):
        return asked | {"status": "PENDING"}
    ids = ["none"] if path.endswith("remove") else [TRACE]
    return asked | {"item_id": TRACE, "item_ids": ids, "completed_by": new, "status": "COMPLETE"}


def _of_issues(made: dict[str, Any], path: str, new: str) -> dict[str, Any]:
    name = "mimsyfold" if path.endswith("search") else new
    number = made["issue"] if path.endswith("}") else f"iss-{new}".replace("/", "_")
    asked = {"name": name, "description": "d", "issue_id": number, "status": "pending", "metadata": {}}
    return asked | {"include_trace_count": True}


_ASKED = {
    "datasets": _of_datasets,
    "scorers": _of_scorers,
    "label-schemas": _of_schemas,
    "review-queues": _of_queues,
    "issues": _of_issues,
}
