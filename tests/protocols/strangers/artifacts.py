from __future__ import annotations

from typing import Any

from lineal.protocols.base import Route
from lineal.testing.protocol import Served

PROXY = "/api/2.0/mlflow-artifacts"

WORDS: set[str] = {"glimmerfen"}
"""Each stands for one place in which text is kept."""


def fill(served: Served, made: dict[str, str]) -> dict[str, list[str]]:
    """Put one of everything there, and answer what may stand in the variables of paths."""
    root = f"{made['experiment']}/{made['run']}/artifacts"
    body = {"path": "glimmerfen", "num_parts": 1}
    upload = served.owner.json("POST", f"{PROXY}/mpu/create/{root}", body=body)
    served.owner.json("PUT", f"{PROXY}/artifacts/{root}/folder/glimmerfen", body=b"bytes")
    return {"upload": [upload["upload_id"], "0" * 32], "number": ["1", "2"]}


def arguments(made: dict[str, Any], route: Route) -> dict[str, Any]:
    """What the operation may ask for, as parameters and as a body alike, over what every operation is asked."""
    if "/mpu/" in route.path:
        return {"path": "part", "num_parts": 1, "upload_id": "0" * 32, "parts": [{"part_number": 1}]}
    if route.path.endswith("presigned-upload-url"):
        return {"model_id": ""}
    return {"path": "folder"} if route.path.endswith("/mlflow/artifacts/list") else {}
