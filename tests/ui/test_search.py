from __future__ import annotations

import re

import pytest
from tests.ui.conftest import Browse, Site, eventually, sync_api
from tests.ui.test_home import texts

pytestmark = pytest.mark.browser
expect = sync_api.expect


def test_suggestions_lead_to_an_entity_by_keyboard_alone(browse: Browse, shop: Site) -> None:
    with browse(shop.url) as page:
        expect(page.get_by_role("list", name="What is here")).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("cust")
        option = page.get_by_role("option", name="shop.public.customers")
        expect(option).to_be_visible()
        page.keyboard.press("ArrowDown")
        expect(option).to_have_attribute("aria-selected", "true")
        field = page.get_by_role("combobox", name="Search")
        expect(field).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="shop.public.customers")).to_be_visible()
        expect(page.get_by_role("listbox")).to_be_hidden()


def test_control_k_and_enter_search_for_words(browse: Browse, shop: Site) -> None:
    with browse(f"{shop.url}/search") as page:
        expect(page.get_by_role("combobox", name="Search")).to_be_visible()
        page.keyboard.press("Control+k")
        page.keyboard.type("nightly")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{shop.url}/search?q=nightly")
        expect(page.get_by_text("1 found")).to_be_visible()
        expect(page.get_by_role("link", name="nightly load")).to_be_visible()


def test_a_slash_in_a_field_is_a_slash(browse: Browse, shop: Site) -> None:
    with browse(shop.url) as page:
        field = page.get_by_role("combobox", name="Search")
        field.fill("a")
        field.press("/")
        expect(field).to_have_value("a/")


def test_filters_are_in_the_address_and_the_way_back_undoes_them(browse: Browse, shop: Site) -> None:
    with browse(f"{shop.url}/search") as page:
        page.get_by_role("link", name="job 10").click()
        expect(page.get_by_text("10 found")).to_be_visible()
        page.get_by_role("link", name="bob 1").click()
        expect(page.get_by_text("1 found")).to_be_visible()
        expect(page).to_have_url(re.compile(r"kind=job&owner=bob"))
        expect(page.get_by_role("link", name="bob 1")).to_have_attribute("aria-current", "true")
        page.go_back()
        expect(page.get_by_text("10 found")).to_be_visible()
        page.get_by_role("link", name="job 10").click()
        expect(page).to_have_url(f"{shop.url}/search")


def test_labels_filter_with_what_inherited_them(browse: Browse, shop: Site) -> None:
    with browse(f"{shop.url}/search?label=personal+data&kind=dataset") as page:
        expect(page.get_by_text("2 found")).to_be_visible()
        assert sorted(texts(page, ".rows .entity-link-name")) == [
            "shop.public.customers",
            "shop.public.orders",
        ]


def test_runs_are_a_table_that_sorts_by_a_metric(browse: Browse, shop: Site) -> None:
    with browse(f"{shop.url}/search?kind=run") as page:
        row = page.get_by_role("row", name="trial 2")
        expect(row).to_contain_text("finished")
        expect(row).to_contain_text("3 min 5 s")
        expect(row).to_contain_text("0.92")
        expect(row).to_contain_text("0.3")
        page.get_by_role("button", name="test accuracy").click()
        expect(page).to_have_url(re.compile(r"order=-metric%3Atest\+accuracy"))
        eventually(lambda: texts(page, "tbody .entity-link-name") == ["trial 2", "trial 1", "trial 0"])
        page.get_by_role("button", name="test accuracy").click()
        eventually(lambda: texts(page, "tbody .entity-link-name") == ["trial 0", "trial 1", "trial 2"])
        expect(page.get_by_role("columnheader", name="test accuracy")).to_have_attribute(
            "aria-sort", "ascending"
        )


def test_what_is_found_comes_in_pages(browse: Browse, site: Site) -> None:
    for number in range(60):
        site.client.put("dataset", f"set {number:02}")
    with browse(f"{site.url}/search?kind=dataset&order=name") as page:
        expect(page.get_by_text("60 found")).to_be_visible()
        assert len(texts(page, ".rows .entity-link-name")) == 50
        page.get_by_role("link", name="Next page").click()
        expect(page.get_by_role("link", name="set 59")).to_be_visible()
        eventually(lambda: len(texts(page, ".rows .entity-link-name")) == 10)
        page.get_by_role("button", name="Back").click()
        expect(page.get_by_role("link", name="set 00")).to_be_visible()


def test_deleted_ones_are_shown_when_asked_for(browse: Browse, site: Site) -> None:
    site.client.remove(site.client.put("dataset", "gone"))
    with browse(f"{site.url}/search") as page:
        expect(page.get_by_text("found")).to_be_visible()
        expect(page.get_by_role("link", name="gone")).to_be_hidden()
        page.get_by_role("link", name="Include deleted").click()
        expect(page.get_by_role("link", name="gone")).to_be_visible()
        expect(page.get_by_text("deleted", exact=True)).to_be_visible()


def test_a_search_without_results_leads_on(browse: Browse, shop: Site) -> None:
    with browse(f"{shop.url}/search?q=zzzzqqqq") as page:
        expect(page.get_by_text("Nothing matches.")).to_be_visible()
        page.get_by_role("link", name="Start anew").click()
        expect(page.get_by_role("heading", name="Everything")).to_be_visible()
