"""How log lines look, and what is kept out of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from lineal.graph.errors import Unavailable
from lineal.server import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("lineal", "uvicorn")]
    former = [(logger.handlers, logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, (handlers, level, propagate) in zip(loggers, former, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def _raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json", "info")
    logs.LOGGER.info("serving", extra={"fields": {"url": "http://localhost"}})
    logs.failed(_raised(ValueError("the caller's password")), "42", "native POST")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["level"], first["message"], first["url"]) == ("info", "serving", "http://localhost")
    assert (second["request_id"], second["where"], second["error"]) == ("42", "native POST", "ValueError")
    assert "_raised" in second["trace"]
    assert "password" not in json.dumps({key: value for key, value in second.items() if key != "trace"})


def test_human_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("human", "info")
    logs.failed(_raised(Unavailable("the disk is full")), "42", "native POST")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert (
        "error   request failed request_id=42 where=native POST error=Unavailable words=the disk is full"
        in line
    )


def test_foreign_errors_are_told_by_their_type(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("human", "info")
    error = _raised(ValueError("the caller's password"))
    logging.getLogger("uvicorn.error").error("broken\n", exc_info=error)
    text = capsys.readouterr().err
    assert "error   broken error=ValueError\n" in text
    assert "password" not in text.splitlines()[0]
    logging.getLogger("uvicorn.error").error("ASGI callable returned without completing response.")
    assert capsys.readouterr().err == ""


def test_the_level_decides(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("human", "warning")
    logs.LOGGER.info("serving")
    assert capsys.readouterr().err == ""
    logs.configure("human", "debug")
    logs.failed(_raised(ValueError("odd")), "42", "native POST")
    assert "words=odd" in capsys.readouterr().err
