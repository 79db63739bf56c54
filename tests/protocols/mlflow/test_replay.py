"""What MLflow's clients for R and Java send, and what they read from the answers.

The two need runtimes that tests cannot count on. So every call of theirs was made once, by the real client against
MLflow's own server, and its requests and the answers are kept in `replay/`. A step's `reads` is what came back then:
Lineal's answer must hold the same, and may hold more (only, MLflow's server turns an infinite metric into the greatest
finite one, where the client's own value is wanted). What differs from server to server is named: `{run_1}` stands
for what `keep` took out of an earlier answer, `<number>` and `<text>` for any number and any text.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.protocols.mlflow.conftest import Client

RECORDINGS = sorted((Path(__file__).parent / "replay").glob("*.json"))
BY_KEY = ("tags", "params", "metrics")
"""Lists whose order says nothing."""


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_replay(client: Client, recording: Path) -> None:
    told = json.loads(recording.read_text())
    kept: dict[str, str] = {}
    for number, step in enumerate(told["steps"]):
        answer = send(client, told["headers"], filled(step, kept))
        where = f"{told['client']}, step {number}: {step['call']}: {answer.status_code} {answer.text}"
        assert answer.status_code == step.get("status", 200), where
        body = answer.json() if step.get("reads") else {}
        kept |= {name: taken(body, path) for name, path in step.get("keep", {}).items()}
        lacking = differences(filled(step, kept).get("reads", {}), body)
        assert not lacking, (sorted(lacking), where)


def send(client: Client, headers: dict[str, str], step: dict[str, Any]) -> httpx.Response:
    """Send a step's request as the client did."""
    content = json.dumps(step["body"]) if "body" in step else step.get("text")
    return client.send(
        step["method"], step["path"], params=step.get("query"), content=content, headers=headers
    )


def filled(value: Any, kept: dict[str, str]) -> Any:
    """The same with each name replaced by what it stands for here."""
    if isinstance(value, dict):
        return {key: filled(each, kept) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, kept) for each in value]
    if isinstance(value, str):
        for name, found in kept.items():
            value = value.replace(f"{{{name}}}", found)
    return value


def taken(body: Any, path: list[str | int]) -> str:
    """The value at a path into an answer."""
    for part in path:
        body = body[part]
    return str(body)


def differences(wanted: Any, found: Any, path: str = "") -> set[str]:
    """Where an answer lacks something that the client reads, or has something else there."""
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            return {path}
        return set().union(*(differences(wanted[key], found.get(key), f"{path}/{key}") for key in wanted))
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(wanted) != len(found):
            return {path}
        if path.rsplit("/", 1)[-1] in BY_KEY:
            wanted, found = by_key(wanted), by_key(found)
        pairs = enumerate(zip(wanted, found, strict=True))
        return set().union(*(differences(each, other, f"{path}/{n}") for n, (each, other) in pairs))
    return set() if same(wanted, found) else {path}


def by_key(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tags and the like, sorted; points of one metric keep their order."""
    return sorted(entries, key=lambda entry: str(entry["key"]))


def same(wanted: Any, found: Any) -> bool:
    """Whether a value is the one that was recorded, or of the kind that it names."""
    if wanted == "<number>":
        return isinstance(found, int | float) and not isinstance(found, bool)
    if wanted == "<text>":
        return isinstance(found, str) and found != ""
    if isinstance(wanted, str) and wanted.startswith("[{"):
        return bool(json.loads(wanted) == json.loads(str(found)))
    return bool(wanted == found)
