from __future__ import annotations

import json
import runpy
from pathlib import Path

UI = Path(__file__).parents[2] / "ui"


def test_the_ui_knows_the_shapes_that_the_server_speaks() -> None:
    current = runpy.run_path(str(UI / "scripts" / "openapi.py"))["shapes"]()
    kept = json.loads((UI / "openapi.json").read_text())
    assert kept == current, "run `python ui/scripts/openapi.py`, then `npm run types` in ui/"
