"""Models with versions, an alias and a stage, a prompt, and models to be deleted."""

from __future__ import annotations

from typing import Any

from lineal.protocols.base import Route
from lineal.testing.protocol import Served

MLFLOW = "/api/2.0/mlflow"
DELETED = {"/api": "wumbleforth", "/ajax-api": "wumblefifth"}

WORDS: set[str] = {
    "glimmerfang", "blorptastic", "quizzleton", "fnordwick", "snarkvale", "tumblewick", "gribblenook", "mumblecrank",
    "wexelplod", "yibberdash", "wumbleforth", "wumblefifth",
}  # fmt: skip
"""Each stands for one place in which text is kept."""


def fill(served: Served, made: dict[str, str]) -> dict[str, list[str]]:
    """Put one of everything there, and answer what may stand in the variables of paths."""

    def post(path: str, **body: Any) -> None:
        served.owner.json("POST", f"{MLFLOW}/{path}", body=body)

    tag, prompt = (
        {"key": "quizzleton", "value": "fnordwick"},
        {"key": "mlflow.prompt.is_prompt", "value": "true"},
    )
    post("registered-models/create", name="glimmerfang", description="blorptastic", tags=[tag])
    told = {"description": "gribblenook", "run_link": "mumblecrank", "tags": [tag]}
    post("model-versions/create", name="glimmerfang", source="s3://snarkvale/model", **told)
    files = f"runs:/{made['run']}"
    for _ in range(3):
        post("model-versions/create", name="glimmerfang", source=files, run_id=made["run"], **told)
    post("registered-models/alias", name="glimmerfang", alias="tumblewick", version="2")
    post("model-versions/transition-stage", name="glimmerfang", version="2", stage="Production")
    post("registered-models/create", name="yibberdash", tags=[prompt])
    text = {"key": "mlflow.prompt.text", "value": "wexelplod"}
    post("model-versions/create", name="yibberdash", source="dummy-source", tags=[prompt, text])
    for name in DELETED.values():
        post("registered-models/create", name=name)
    return {}


def arguments(made: dict[str, Any], route: Route) -> dict[str, Any]:
    """What the operation may ask for, as parameters and as a body alike, over what every operation is asked."""
    prefix, _, path = route.path.partition("/2.0/mlflow/")
    if not path.startswith(("registered-models/", "model-versions/")) and "model-versions" not in route.path:
        return {}
    asked = {"name": "glimmerfang", "version": "2", "alias": "tumblewick", "stage": "Staging", "stages": []}
    match path:
        case "registered-models/create":
            asked["name"] = f"other{prefix.replace('/', '-')}"
        case "registered-models/rename":
            asked["new_name"] = "glimmerfang"
        case "registered-models/delete":
            asked["name"] = DELETED[prefix]
        case "model-versions/create":
            asked |= {"source": "s3://other/model", "run_id": "", "model_id": ""}
        case "model-versions/get-download-uri":
            asked["version"] = "1"
        case "model-versions/delete":
            asked["version"] = "3" if prefix == "/api" else "4"
        case "registered-models/search" | "model-versions/search":
            asked["filter"] = "name != 'x'"
    return asked | {"description": "other", "tags": [], "order_by": []}
