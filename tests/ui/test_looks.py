"""What holds for every page, in every width and in both colour schemes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.ui.conftest import Browse, Page, Site, sync_api

pytestmark = pytest.mark.browser
expect = sync_api.expect

PAGES = ("home", "search", "runs", "dataset", "run", "curve", "lineage", "history", "files", "nothing")
CONTRAST = Path(__file__).with_name("contrast.js").read_text()


def address(site: Site, page: str) -> str:
    return {
        "home": lambda: site.url,
        "search": lambda: f"{site.url}/search",
        "runs": lambda: f"{site.url}/search?kind=run",
        "dataset": lambda: site.page("shop.public.customers"),
        "run": lambda: site.page("trial 2"),
        "curve": lambda: site.page("trial 2", "?metric=loss/train"),
        "lineage": lambda: site.page("shop.public.orders", "?view=lineage&unfold=1"),
        "history": lambda: site.page("shop.public.customers", "?view=history"),
        "files": lambda: site.page("trial 2", "?view=files"),
        "nothing": lambda: f"{site.url}/nowhere",
    }[page]()


def settle(page: Page) -> None:
    page.wait_for_load_state("load")
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    expect(page.locator(".waiting")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_can_be_read(browse: Browse, shop: Site, name: str, scheme: str) -> None:
    with browse(address(shop, name), color_scheme=scheme) as page:
        settle(page)
        assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [400, 800, 2560])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_the_window(browse: Browse, shop: Site, name: str, width: int) -> None:
    with browse(address(shop, name), viewport={"width": width, "height": 800}) as page:
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("name", PAGES)
def test_everything_that_can_be_used_has_a_name(browse: Browse, shop: Site, name: str) -> None:
    nameless = """[...document.querySelectorAll('a, button, input, select')].filter(each =>
        !each.innerText?.trim() && !each.ariaLabel && !each.labels?.length).map(each => each.outerHTML)"""
    with browse(address(shop, name)) as page:
        settle(page)
        assert page.evaluate(nameless) == []


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


@pytest.mark.parametrize("name", PAGES)
def test_no_page_jumps_while_it_arrives(browse: Browse, shop: Site, name: str) -> None:
    watch = """window.shift = 0; new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
    }).observe({type: 'layout-shift', buffered: true})"""
    with browse(address(shop, name)) as page:
        page.evaluate(watch)
        settle(page)
        page.wait_for_timeout(500)
        assert page.evaluate("window.shift") < 0.01
