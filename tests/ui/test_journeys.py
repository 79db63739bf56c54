"""What people come for, from beginning to end."""

from __future__ import annotations

import re

import pytest
from tests.ui.conftest import Browse, Page, Site, eventually, sync_api
from tests.ui.test_home import texts

from lineal.graph.model import ByName

pytestmark = pytest.mark.browser
expect = sync_api.expect


def names(page: Page) -> list[str]:
    """Of the runs in sight."""
    return texts(page, ".grid-name a")


def test_runs_are_narrowed_sorted_and_compared(browse: Browse, company: Site) -> None:
    with browse(f"{company.url}/runs") as page:
        expect(page.get_by_text("60 runs")).to_be_visible()
        page.get_by_role("navigation", name="Experiments").get_by_role(
            "link", name="Churn", exact=True
        ).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Churn")
        page.get_by_label("Filter runs").fill("params.booster = dart and metrics.val/auc >")
        expect(page.get_by_role("alert")).to_contain_text("A value is expected")
        page.get_by_label("Filter runs").fill("params.booster = dart and metrics.val/auc > 0.5")
        expect(page).to_have_url(re.compile("filter=params.booster"))
        page.get_by_role("columnheader", name="val/auc").get_by_role("button").click()
        expect(page.get_by_role("columnheader", name="val/auc")).to_have_attribute("aria-sort", "descending")
        eventually(lambda: len(names(page)) > 2 and company.client.search(names(page)[0]).total is not None)
        first = names(page)[:2]
        page.get_by_role("gridcell", name=f"Select {first[0]}").click()
        page.keyboard.press("ArrowDown")
        page.keyboard.press(" ")
        expect(page.get_by_text("2 selected")).to_be_visible()
        page.keyboard.press("c")
        expect(page.get_by_role("heading", level=1)).to_have_text("2 runs side by side")
        assert sorted(texts(page, ".run-chip a:first-of-type")) == sorted(first)
        expect(page.get_by_role("img", name="train/loss: ")).to_be_visible()
        page.get_by_role("link", name="Time since start").click()
        page.get_by_label("Smoothing").fill("0.6")
        expect(page).to_have_url(re.compile("across=relative.*smooth=0.6"))
        page.get_by_role("link", name="Differences").click()
        expect(page.get_by_role("row", name=re.compile("learning_rate"))).to_be_visible()
        expect(page.get_by_role("row", name=re.compile("booster"))).to_be_hidden()


def test_cells_are_reached_by_arrows_and_narrow(browse: Browse, company: Site) -> None:
    with browse(f"{company.url}/runs?columns=status,param%3Abooster") as page:
        expect(page.locator(".grid-name a").first).to_be_visible()
        page.get_by_role("gridcell").nth(1).focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.dataset.cell === '0 3'")
        value = page.evaluate("document.activeElement.innerText.trim()")
        page.keyboard.press("f")
        expect(page.get_by_label("Filter runs")).to_have_value(f'params.booster = "{value}"')
        eventually(lambda: set(texts(page, ".grid-cell:nth-child(4) > span:first-child")) == {value})
        page.get_by_role("button", name="Columns").click()
        page.get_by_role("checkbox", name="max_depth").check()
        page.keyboard.press("Escape")
        expect(page.get_by_role("columnheader", name="max_depth")).to_be_visible()


def test_a_new_run_appears_in_the_table(browse: Browse, site: Site) -> None:
    site.client.put("run", "first", started=1)
    with browse(f"{site.url}/runs") as page:
        expect(page.get_by_role("link", name="first")).to_be_visible()
        site.client.put("run", "second", started=2)
        expect(page.get_by_role("link", name="second")).to_be_visible()
        expect(page.get_by_text("2 runs")).to_be_visible()


def test_an_alias_moves_with_a_reason(browse: Browse, company: Site) -> None:
    with browse(company.page("churn@champion").replace("/entity/", "/models?")) as page:
        page.get_by_role("link", name="churn", exact=True).click()
        page.get_by_role("button", name="champion").click()
        page.get_by_label("leads to").select_option("Version 3")
        page.get_by_label("because").fill("Version 5 forgets too much")
        page.get_by_role("button", name="Move", exact=True).click()
        expect(page.get_by_role("row", name=re.compile("Version 3"))).to_contain_text("champion")
        page.get_by_role("checkbox", name="Compare version 3").check()
        page.get_by_role("checkbox", name="Compare version 5").check()
        page.get_by_role("button", name="Compare two").click()
        expect(page.get_by_role("heading", name="What differs")).to_be_visible()
        expect(page.get_by_role("region", name="metrics")).to_be_visible()
        page.keyboard.press("g")
        page.keyboard.press("a")
        expect(page.get_by_text("“Version 5 forgets too much”")).to_be_visible()
    model = company.client.get(ByName("model", "churn", "ml"))
    assert model.properties["alias.champion"] == 3


def test_lineage_is_walked_and_the_address_keeps_it(browse: Browse, company: Site) -> None:
    start = company.client.get(ByName("dataset", "shop.staging.customers", "postgres://warehouse:5432"))
    with browse(f"{company.url}/lineage?of={start.uuid}&up=1&down=1") as page:
        expect(page.get_by_text("4 nodes")).to_be_visible()
        page.get_by_role("button", name="More steps after").click()
        expect(page.get_by_role("link", name="data set shop.mart.customer_360")).to_be_visible()
        page.get_by_role("link", name="data set shop.staging.customers").click()
        page.keyboard.press("x")
        page.get_by_role("button", name=re.compile(r"shop.staging.customers.email")).click()
        expect(page.locator(".lin-wires path")).to_have_count(1)
        page.get_by_role("button", name="jobs").click()
        expect(page.get_by_role("link", name="job stg_customers")).to_be_hidden()
        with page.expect_download() as download:
            page.get_by_role("button", name="SVG").click()
        drawn = download.value.path().read_text()
        assert drawn.startswith("<svg") and "email" in drawn and "class=" not in drawn
        with page.expect_download() as download:
            page.get_by_role("button", name="PNG").click()
        assert download.value.path().read_bytes().startswith(b"\x89PNG")
        page.reload()
        expect(page.locator(".lin-wires path")).to_have_count(1)
        expect(page.get_by_role("link", name="job stg_customers")).to_be_hidden()


def test_a_description_is_written_in_place(browse: Browse, site: Site) -> None:
    site.client.put("dataset", "prices")
    with browse(site.page("prices")) as page:
        page.get_by_role("button", name="Describe it").click()
        page.get_by_label("Description in Markdown").fill("In **euros** <img src=x onerror=alert(1)>")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".markdown strong")).to_have_text("euros")
        assert page.locator(".markdown img").count() == 0
        page.get_by_role("button", name="Edit the description").click()
        site.client.put("dataset", "prices", properties={"rows": 1})
        page.get_by_label("Description in Markdown").fill("other")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("Somebody else has just changed it")


def test_files_are_seen_in_place(browse: Browse, shop: Site) -> None:
    with browse(shop.page("trial 2", "?view=files")) as page:
        page.get_by_role("link", name="notes.txt", exact=True).click()
        expect(page.get_by_role("region", name="notes.txt")).to_contain_text("hello")
        page.get_by_role("link", name="table.csv", exact=True).click()
        expect(page.get_by_role("region", name="Table").get_by_role("cell", name="a, b")).to_be_visible()
        page.get_by_role("link", name="about.md", exact=True).click()
        expect(page.locator(".file-view strong")).to_have_text("bold")
        page.get_by_role("link", name="report.html", exact=True).click()
        inside = page.frame_locator("iframe[title='report.html']")
        expect(inside.get_by_role("heading", name="inside")).to_be_visible()
        assert page.evaluate("window.stolen") is None


def test_the_keyboard_leads_everywhere(browse: Browse, shop: Site) -> None:
    with browse(shop.page("nightly load")) as page:
        expect(page.get_by_role("heading", name="nightly load")).to_be_visible()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
        page.keyboard.press("Escape")
        for key, heading in (("r", "Runs"), ("m", "Models"), ("l", "Lineage"), ("a", "Activity")):
            page.keyboard.press("g")
            page.keyboard.press(key)
            expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        page.keyboard.press("/")
        expect(page.get_by_role("option", name="nightly load")).to_be_visible()
        page.keyboard.type("secret alice")
        page.keyboard.press("Escape")
        page.get_by_role("combobox", name="Search").fill("customer")
        expect(page.get_by_role("option", name="shop.public.customers")).to_contain_text("alice")
