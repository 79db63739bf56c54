from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.ui.conftest import Browse, Page, Site, sync_api

pytestmark = pytest.mark.browser
expect = sync_api.expect


def texts(page: Page, selector: str) -> list[str]:
    """Visible text of each, with single spaces."""
    return [" ".join(text.split()) for text in page.locator(selector).all_inner_texts()]


def test_shows_what_there_is_by_kind(browse: Browse, shop: Site) -> None:
    with browse(shop.url) as page:
        tiles = page.get_by_role("list", name="What is here")
        expect(tiles.get_by_role("link", name="10 jobs")).to_be_visible()
        expect(tiles.get_by_role("link", name="3 runs")).to_be_visible()
        tiles.get_by_role("link", name="2 data sets").click()
        expect(page).to_have_url(f"{shop.url}/search?kind=dataset")
        expect(page.get_by_role("heading", name="Data sets")).to_be_visible()


def test_shows_the_latest_changes_first(browse: Browse, site: Site) -> None:
    for name in ("first", "second", "third"):
        site.client.put("dataset", name)
    with browse(site.url) as page:
        expect(page.get_by_role("link", name="first")).to_be_visible()
        assert texts(page, ".rows .entity-link-name")[:3] == ["third", "second", "first"]


def test_an_empty_store_teaches_with_lines_that_can_be_copied(browse: Browse, site: Site) -> None:
    with browse(site.url, permissions=["clipboard-read", "clipboard-write"]) as page:
        expect(page.get_by_role("heading", name="Nothing is recorded yet")).to_be_visible()
        page.get_by_role("button", name="Copy the code").first.click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
    assert f'mlflow.set_tracking_uri("{site.url}")' in copied.splitlines()


def test_the_request_that_it_teaches_works_and_shows_up_at_once(
    browse: Browse, site: Site, tmp_path: Path
) -> None:
    with browse(site.url) as page:
        command = page.get_by_label("Code: Or from any language").inner_text()
        subprocess.run(["bash", "-c", command], check=True, capture_output=True, timeout=30, cwd=tmp_path)
        expect(page.get_by_role("link", name="1 data set", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="orders")).to_be_visible()


def test_a_change_elsewhere_appears_without_reloading(browse: Browse, site: Site) -> None:
    site.client.put("dataset", "first")
    with browse(site.url) as page:
        expect(page.get_by_role("link", name="1 data set", exact=True)).to_be_visible()
        site.client.put("dataset", "second")
        expect(page.get_by_role("link", name="2 data sets")).to_be_visible()
        expect(page.get_by_role("link", name="second")).to_be_visible()
