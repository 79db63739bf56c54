"""Clients that remember what was acknowledged."""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any

API = "/api/2.0/mlflow/"


class Killed(Exception):
    """The server went away in the middle of a request."""


class Connection:
    """One client's connection."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """An answer that was acknowledged with 200; Killed when none came."""
        try:
            encoded = None if body is None else json.dumps(body)
            self._http.request(method, API + path, encoded, {"Content-Type": "application/json"})
            answer = self._http.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Killed from error
        if answer.status == 503:
            raise Killed
        assert answer.status == 200, (path, answer.status, text)
        found: dict[str, Any] = json.loads(text)
        return found

    def close(self) -> None:
        """Give it up."""
        self._http.close()


class Client(threading.Thread):
    """Writes to a run of its own until the server is gone, noting every acknowledged step."""

    def __init__(self, port: int, experiment: str, name: str) -> None:
        super().__init__(daemon=True)
        self.run_id = ""
        self.singles: list[int] = []
        self.batched: list[int] = []
        self.params: list[str] = []
        self.failure: BaseException | None = None
        self._connection = Connection(port)
        self._experiment = experiment
        self._name = name

    def run(self) -> None:
        try:
            self._write()
        except Killed:
            pass
        except BaseException as error:
            self.failure = error
        finally:
            self._connection.close()

    def _write(self) -> None:
        body = {"experiment_id": self._experiment, "run_name": self._name, "start_time": 1}
        self.run_id = self._connection.call("POST", "runs/create", body)["run"]["info"]["run_id"]
        for step in range(1_000_000):
            self._single(step)
            if step % 5 == 0:
                self._batch(step * 20)
            if step % 7 == 0:
                self._param(f"p{step}")

    def _single(self, step: int) -> None:
        body = {"run_id": self.run_id, "key": "single", "value": step / 3, "timestamp": step, "step": step}
        self._connection.call("POST", "runs/log-metric", body)
        self.singles.append(step)

    def _batch(self, first: int) -> None:
        steps = range(first, first + 20)
        metrics = [{"key": "batched", "value": step / 7, "timestamp": step, "step": step} for step in steps]
        self._connection.call("POST", "runs/log-batch", {"run_id": self.run_id, "metrics": metrics})
        self.batched += steps

    def _param(self, key: str) -> None:
        body = {"run_id": self.run_id, "key": key, "value": key}
        self._connection.call("POST", "runs/log-parameter", body)
        self.params.append(key)


def lost(port: int, client: Client) -> list[str]:
    """What a client was told is stored and is not."""
    if not client.run_id:
        return []
    connection = Connection(port)
    data = connection.call("GET", f"runs/get?run_id={client.run_id}")["run"]["data"]
    found = _missing("param", client.params, {each["key"]: each["value"] for each in data.get("params", [])})
    for key, steps, scale in (("single", client.singles, 3), ("batched", client.batched, 7)):
        history = connection.call("GET", f"metrics/get-history?run_id={client.run_id}&metric_key={key}")
        stored = {point["step"]: point["value"] for point in history.get("metrics", [])}
        found += [f"{key} {step}" for step in steps if stored.get(step) != step / scale]
    connection.close()
    return found


def _missing(what: str, keys: list[str], stored: dict[str, str]) -> list[str]:
    return [f"{what} {key}" for key in keys if stored.get(key) != key]
