from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

from lineal.graph.types import BUILT_IN, KindDef

UI = Path(__file__).parents[2] / "ui"


def test_the_ui_knows_the_shapes_that_the_server_speaks() -> None:
    current = runpy.run_path(str(UI / "scripts" / "openapi.py"))["shapes"]()
    kept = json.loads((UI / "openapi.json").read_text())
    assert kept == current, "run `python ui/scripts/openapi.py`, then `npm run types` in ui/"


def test_every_built_in_kind_has_a_word_and_an_icon() -> None:
    words = json.loads((UI / "src" / "format" / "kinds.json").read_text())
    drawings = set(re.findall(r"^  (\w+): \"M", (UI / "src" / "components" / "icons.tsx").read_text(), re.M))
    kinds = {definition.name for definition in BUILT_IN if isinstance(definition, KindDef)}
    assert kinds <= words.keys(), "add a word and an icon to ui/src/format/kinds.json"
    assert {each["icon"] for each in words.values()} <= drawings
