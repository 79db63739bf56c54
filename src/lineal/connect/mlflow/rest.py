"""Requests to a running MLflow server: only to the address that the user gave, wherever an answer may point."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec

from lineal.connect.errors import Outside
from lineal.graph.errors import Invalid, LinealError, NotFound

API = "/api/2.0/mlflow"
API_3 = "/api/3.0/mlflow"
AJAX = "/ajax-api/2.0/mlflow"

_BUSY = frozenset({429, 502, 503, 504})
_ATTEMPTS = 4
_TIMEOUT = 120.0
_IDLE = 2.0
_HARMLESS = ("/search", "/log-batch", "/log-inputs", "/outputs", "/update", "/batchGetInfos")
_KINDS: dict[int, type[LinealError]] = {400: Invalid, 404: NotFound}
_REFUSED = (
    "; say who you are with MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
)


class Missing(NotFound):
    """The server, of an older version perhaps, does not know the operation."""


class Rest:
    """One server. Safe to use from several threads.

    Args:
        url: `http(s)://[USER:PASSWORD@]HOST[:PORT][/PREFIX]`. Who asks may also be told as MLflow's clients are told:
            by MLFLOW_TRACKING_USERNAME, _PASSWORD and _TOKEN; the workspace by MLFLOW_WORKSPACE.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise Invalid("a server is named http(s)://HOST:PORT")
        self._tls = parts.scheme == "https"
        self._host, self._port, self._prefix = parts.hostname, parts.port, parts.path.rstrip("/")
        port = f":{parts.port}" if parts.port else ""
        self.title = f"{parts.scheme}://{parts.hostname}{port}{self._prefix}"
        self._headers = _credentials(parts.username, parts.password)
        self._local = threading.local()

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The JSON answer to a GET; parameters that are lists are repeated."""
        return self._json("GET", path, query or {}, None)

    def send(
        self, method: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The JSON answer to a request with a JSON body."""
        return self._json(method, path, {}, msgspec.json.encode(body), headers or {})

    def pages(
        self, method: str, path: str, asked: Mapping[str, Any], key: str
    ) -> Iterator[list[dict[str, Any]]]:
        """The lists under a key, page by page, until the server tells of no other."""
        token = None
        while True:
            more = dict(asked) | ({"page_token": token} if token else {})
            found = self.get(path, more) if method == "GET" else self.send(method, path, more)
            yield found.get(key) or []
            following = found.get("next_page_token")
            if not following or following == token:
                return
            token = following

    def download(self, path: str, query: Mapping[str, Any], target: Path) -> None:
        """The body of the answer to a GET, as a file."""
        response = self._ask("GET", path, query, None)
        if response.status >= 400:
            raise _error(response.status, response.read())
        with target.open("wb") as file:
            shutil.copyfileobj(response, file, 1 << 20)

    def upload(self, path: str, file: Path) -> None:
        """PUT a file."""
        with file.open("rb") as body:
            response = self._ask("PUT", path, {}, body)
            answer = response.read()
        if response.status >= 400:
            raise _error(response.status, answer)

    def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: bytes | None,
        headers: Mapping[str, str] = {},
    ) -> dict[str, Any]:
        response = self._ask(method, path, query, body, headers)
        answer = response.read()
        if response.status >= 300:
            raise _error(response.status, answer)
        try:
            return _decoded(answer)
        except ValueError:
            raise Outside(f"{self.title} does not answer {path} as an MLflow server does") from None

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Any,
        headers: Mapping[str, str] = {},
    ) -> http.client.HTTPResponse:
        """An answer, after some patience with a server that is busy or, if asking twice does no harm, away."""
        patient = method in ("GET", "PUT") or path.endswith(_HARMLESS)
        for attempt in range(_ATTEMPTS):
            try:
                response = self._exchange(method, path + _encoded(query), body, headers)
            except (OSError, http.client.HTTPException) as error:
                self._local.kept = None
                if attempt == _ATTEMPTS - 1 or not patient:
                    raise Outside(f"no answer from {self.title}: {error}") from None
            else:
                if response.status not in _BUSY or attempt == _ATTEMPTS - 1:
                    return response
                response.read()
            time.sleep(0.2 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _exchange(
        self, method: str, path: str, body: Any, more: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        connection: http.client.HTTPConnection | None = getattr(self._local, "kept", None)
        if connection is None or time.monotonic() - self._local.used > _IDLE:
            # Servers hang up on who says nothing for a while.
            connection = self._local.kept = self._connect()
        self._local.used = time.monotonic()
        headers = {**self._headers, **more}
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
        elif body is not None:
            body.seek(0)
            headers["Content-Type"] = "application/octet-stream"
            headers["Content-Length"] = str(os.fstat(body.fileno()).st_size)
        connection.request(method, self._prefix + path, body, headers)
        return connection.getresponse()

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls:
            context = ssl.create_default_context(cafile=os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH"))
            return http.client.HTTPSConnection(self._host, self._port, timeout=_TIMEOUT, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")


def _decoded(answer: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer or b"{}", type=dict[str, Any])
    except msgspec.DecodeError:
        # Some answers of MLflow's hold NaN, which is no JSON.
        found = json.loads(answer)
        return found if isinstance(found, dict) else {}


def _credentials(user: str | None, password: str | None) -> dict[str, str]:
    found: dict[str, str] = {}
    user = unquote(user) if user else os.environ.get("MLFLOW_TRACKING_USERNAME")
    password = unquote(password) if password else os.environ.get("MLFLOW_TRACKING_PASSWORD")
    if user:
        found["Authorization"] = "Basic " + b64encode(f"{user}:{password or ''}".encode()).decode()
    elif token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
        found["Authorization"] = f"Bearer {token}"
    if workspace := os.environ.get("MLFLOW_WORKSPACE"):
        found["X-MLFLOW-WORKSPACE"] = workspace
    return found


def _encoded(query: Mapping[str, Any]) -> str:
    pairs = [(key, each) for key, value in query.items() for each in _listed(value)]
    return f"?{urlencode(pairs)}" if pairs else ""


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _error(status: int, answer: bytes) -> LinealError:
    try:
        told = msgspec.json.decode(answer, type=dict[str, Any])
        code, words = str(told.get("error_code", "")), str(told.get("message", ""))
    except msgspec.DecodeError:
        code, words = "", f"HTTP status {status}"
    if status in (404, 405, 501) and code in ("", "ENDPOINT_NOT_FOUND", "NOT_IMPLEMENTED"):
        return Missing("the server does not know this operation")
    advice = _REFUSED if status in (401, 403) else ""
    return _KINDS.get(status, Outside)(f"the MLflow server says: {' '.join(words.split())[:500]}{advice}")
