"""What holds for every page, in every width and in both colour schemes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.ui.conftest import Browse, Page, Site, sync_api

pytestmark = pytest.mark.browser
expect = sync_api.expect

Place = Callable[[Site, Site], str]
PAGES: dict[str, Place] = {
    "home": lambda shop, _: shop.url,
    "search": lambda shop, _: f"{shop.url}/search",
    "found runs": lambda shop, _: f"{shop.url}/search?kind=run",
    "dataset": lambda shop, _: shop.page("shop.public.customers"),
    "run": lambda shop, _: shop.page("trial 2"),
    "curve": lambda shop, _: shop.page("trial 2", "?metric=loss/train"),
    "history": lambda shop, _: shop.page("shop.public.customers", "?view=history"),
    "files": lambda shop, _: shop.page("trial 2", "?view=files&file=table.csv"),
    "nothing": lambda shop, _: f"{shop.url}/nowhere",
    "runs": lambda _, company: f"{company.url}/runs",
    "parallel": lambda _, company: f"{company.url}/runs?view=parallel",
    "scatter": lambda _, company: f"{company.url}/runs?view=scatter",
    "compare": lambda _, company: compared(company, ""),
    "differences": lambda _, company: compared(company, "&view=differences"),
    "models": lambda _, company: f"{company.url}/models",
    "model": lambda _, company: company.page("fraud-score"),
    "schema": lambda _, company: company.page("shop.mart.customer_360"),
    "lineage": lambda _, company: lineage(company),
    "lineage start": lambda _, company: f"{company.url}/lineage",
    "activity": lambda _, company: f"{company.url}/activity",
}
AXE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FINDINGS = """rules => axe.run(document, {runOnly: rules, resultTypes: ["violations"]}).then(
    found => found.violations.flatMap(each => each.nodes.map(
        node => `${each.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`)))"""
SHIFTS = """window.shift = 0; new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({type: 'layout-shift', buffered: true})"""


def compared(site: Site, more: str) -> str:
    runs = site.client.search("", kinds=["run"], limit=3).entities
    return f"{site.url}/compare?" + "&".join(f"run={run.uuid}" for run in runs) + more


def lineage(site: Site) -> str:
    found = site.client.search("shop.mart.customer_360", kinds=["dataset"]).entities[0]
    return f"{site.url}/lineage?of={found.uuid}&columns={found.id}&pick={found.id}&colour=classification"


def settle(page: Page) -> None:
    page.wait_for_load_state("load")
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    expect(page.locator(".waiting")).to_have_count(0)


@pytest.mark.parametrize("name", PAGES)
def test_looks(browse: Browse, shop: Site, company: Site, name: str) -> None:
    """Nothing jumps, nothing is wider than the window, and axe finds nothing, in light and in dark."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: `make ui` installs it")
    with browse(PAGES[name](shop, company), color_scheme="light", bypass_csp=True) as page:
        page.evaluate(SHIFTS)
        settle(page)
        page.wait_for_timeout(300)
        assert page.evaluate("window.shift") < 0.01
        page.evaluate(AXE.read_text())
        assert page.evaluate(FINDINGS, RULES) == []
        for width in (400, 800, 2560):
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_timeout(50)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        page.emulate_media(color_scheme="dark")
        page.wait_for_timeout(100)
        assert page.evaluate(FINDINGS, [*RULES]) == []


def test_the_keyboard_reaches_the_content_and_shows_where_it_is(browse: Browse, shop: Site) -> None:
    with browse(shop.page("trial 2")) as page:
        settle(page)
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()
        page.keyboard.press("Tab")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid"


def test_a_chosen_theme_stays_and_is_there_before_the_first_paint(browse: Browse, shop: Site) -> None:
    with browse(shop.url, color_scheme="light") as page:
        settle(page)
        switch = page.get_by_role("button", name="Colours")
        switch.click()
        switch.click()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        background = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(background)
        page.reload(wait_until="commit")
        page.wait_for_selector("body", state="attached")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        settle(page)
        assert page.evaluate(background) == dark == "rgb(16, 18, 22)"


def test_nothing_comes_from_elsewhere(browse: Browse, shop: Site) -> None:
    with browse(shop.page("trial 2")) as page:
        settle(page)
        loaded = page.evaluate("performance.getEntriesByType('resource').map(each => each.name)")
        assert loaded
        assert all(url.startswith(shop.url) for url in loaded)
