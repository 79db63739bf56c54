from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest
from tests.docs.conftest import ROOT


@pytest.fixture(scope="module")
def docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_script", ROOT / "scripts" / "docs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_say_what_the_code_says(docs: ModuleType) -> None:
    assert docs.main(check=True) == 0


def test_a_stale_page_is_found(docs: ModuleType, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "FOLDER", tmp_path)
    monkeypatch.setattr(docs, "PAGES", {"a.md": lambda: "new\n"})
    assert docs.main(check=True) == 1
    assert docs.main(check=False) == 0
    assert docs.main(check=True) == 0


def test_every_command_is_described(docs: ModuleType) -> None:
    page = docs.cli_page()
    assert "## lineal grant add\n" in page
    assert "`--limit`, `-n` N" in page
    assert "Variable: `LINEAL_URL`" in page


def test_docstrings_become_markdown(docs: ModuleType) -> None:
    text = """One line.

    Args:
        limit, offset: a page
            of them.

    Raises:
        NotFound: nothing.
    """
    assert docs.prose(text) == (
        "One line.\n\nArguments:\n\n- `limit, offset`: a page\n  of them.\n\nRaises:\n\n- `NotFound`: nothing."
    )
