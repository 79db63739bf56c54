"""One operation under the prefixes of MLflow's API."""

from __future__ import annotations

from typing import NamedTuple

from lineal.protocols.base import Handler


class Operation(NamedTuple):
    """One operation under the prefixes of MLflow's API.

    Attributes:
        path: below `/api/2.0/mlflow`, or below `/api` when it begins with a slash.
        browser: whether it stands under `/ajax-api` only.
    """

    method: str
    path: str
    handler: Handler
    inline: bool = False
    browser: bool = False
    streams: bool = False
    public: bool = False
