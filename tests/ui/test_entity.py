from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.ui.conftest import HOUR, STARTED, Browse, Site, sync_api

from lineal.graph.change import AppendPoints, Change
from lineal.graph.model import ById, Point

pytestmark = pytest.mark.browser
expect = sync_api.expect


def test_shows_a_data_set(browse: Browse, shop: Site) -> None:
    with browse(shop.page("shop.public.customers")) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("shop.public.customers")
        expect(page).to_have_title("shop.public.customers · Lineal")
        expect(page.get_by_role("link", name="alice")).to_be_visible()
        expect(page.get_by_role("button", name="personal data")).to_be_visible()
        expect(page.get_by_role("button", name="gold")).to_be_visible()
        expect(page.get_by_role("row", name="serial")).to_contain_text("9223372036854775807")
        expect(page.get_by_role("row", name="email text")).to_contain_text("<b>secret</b>")
        expect(page.get_by_role("heading", name="Read by")).to_be_visible()


def test_an_inherited_label_tells_where_it_came_from(browse: Browse, shop: Site) -> None:
    with browse(shop.page("shop.public.orders")) as page:
        page.get_by_role("button", name="personal data inherited").click()
        steps = page.locator(".why-step")
        expect(steps).to_have_count(3)
        expect(steps.first).to_contain_text("shop.public.customers")
        expect(steps.nth(1)).to_contain_text("→ input →nightly load")
        expect(page.locator(".why")).to_contain_text("put by local")


def test_shows_a_run_with_its_curves(browse: Browse, shop: Site) -> None:
    with browse(shop.page("trial 2")) as page:
        expect(page.get_by_role("link", name="loss/train")).to_be_visible()
        curve = page.get_by_role("img", name=re.compile("A curve from 1 to 0.0068"))
        expect(curve.locator("canvas")).to_be_visible()
        expect(page.get_by_text("NaN", exact=True)).to_be_visible()
        expect(page.get_by_role("row", name="rate")).to_contain_text("0.3")
        expect(page.get_by_role("row", name="team")).to_contain_text("growth")
        expect(page.get_by_text("2 packages")).to_be_visible()
        expect(page.get_by_role("link", name="Churn")).to_be_visible()


def test_a_curve_opens_large_and_the_address_says_so(browse: Browse, shop: Site) -> None:
    with browse(shop.page("trial 2")) as page:
        page.get_by_role("link", name="loss/train").click()
        expect(page).to_have_url(re.compile(r"metric=loss%2Ftrain"))
        large = page.get_by_role("figure")
        expect(large.locator("canvas")).to_be_visible()
        large.get_by_role("button", name="Log scale").click()
        expect(page).to_have_url(re.compile(r"scale=log"))
        large.get_by_role("link", name="Close").click()
        expect(large).to_be_hidden()


def test_times_are_in_the_readers_zone(browse: Browse, shop: Site) -> None:
    with browse(shop.page("trial 0"), timezone_id="Asia/Tokyo") as page:
        expect(page.locator(".details")).to_contain_text("5 Mar 2026, 17:40")
    with browse(shop.page("trial 0"), timezone_id="America/New_York") as page:
        expect(page.locator(".details")).to_contain_text("5 Mar 2026, 03:40")


def test_an_experiment_shows_its_runs(browse: Browse, shop: Site) -> None:
    with browse(shop.page("Churn")) as page:
        expect(page.get_by_role("heading", name="Contains 3")).to_be_visible()
        page.get_by_role("button", name="test accuracy").click()
        page.get_by_role("link", name="trial 2").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("trial 2")


def test_the_drawing_leads_from_node_to_node(browse: Browse, shop: Site) -> None:
    with browse(shop.page("shop.public.customers", "?view=lineage&direction=down&depth=2")) as page:
        expect(page.get_by_text("3 nodes")).to_be_visible()
        names = page.locator(".lin-node .lin-name").all_text_contents()
        assert sorted(names) == ["nightly load", "shop.public.customers", "shop.public.orders"]
        assert page.locator(".lin-edge").count() == 2
        page.get_by_role("link", name="job nightly load").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("complementary", name="Chosen node")).to_contain_text("bob")
        page.keyboard.press("o")
        expect(page.get_by_role("heading", level=1)).to_have_text("nightly load")


def test_many_like_nodes_are_folded_until_asked_for(browse: Browse, shop: Site) -> None:
    with browse(shop.page("shop.public.orders", "?view=lineage&depth=1")) as page:
        page.get_by_role("button", name="Show each of 9 jobs").click()
        expect(page.get_by_role("link", name="job report 8")).to_be_visible()
        page.get_by_role("checkbox", name="Fold like nodes").check()
        expect(page.get_by_role("button", name="Show each of 9 jobs")).to_be_visible()


def test_files_are_listed_and_downloaded(browse: Browse, shop: Site, tmp_path: Path) -> None:
    with browse(shop.page("trial 2", "?view=files")) as page:
        expect(page.get_by_role("row", name="notes.txt")).to_contain_text("5 B")
        page.get_by_role("link", name="model", exact=True).click()
        expect(page.get_by_role("row", name="weights of 5%.bin")).to_contain_text("51.6 KB")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download weights of 5%.bin").click()
        download.value.save_as(tmp_path / "weights")
    assert (tmp_path / "weights").read_bytes() == b"x" * 51_600


def test_history_tells_what_changed_and_shows_the_past(browse: Browse, site: Site) -> None:
    site.client.put("dataset", "prices", properties={"rows": 1})
    before = site.client.history(site.client.search("prices").entities[0])[0].at
    while site.client.put("dataset", "prices", properties={"rows": 2}).updated <= before:
        pass
    with browse(site.page("prices", "?view=history")) as page:
        expect(page.locator(".events > li").first).to_contain_text("rows")
        expect(page.locator(".events del").first).to_have_text("1")
        expect(page.locator(".events ins").first).to_have_text("2")
        page.get_by_role("link", name="As it was then").last.click()
        expect(page.get_by_text("As it was on")).to_be_visible()
        expect(page.get_by_role("row", name="rows")).to_contain_text("1")
        page.get_by_role("link", name="Back to the present").click()
        expect(page.get_by_role("row", name="rows")).to_contain_text("2")


def test_new_points_appear_while_one_looks(browse: Browse, site: Site) -> None:
    run = site.client.put("run", "training", started=STARTED)
    points = [Point("loss", 1.0, STARTED, 1)]
    site.client.commit(Change([AppendPoints(ById(run.id), points)]))
    with browse(site.page("training")) as page:
        expect(page.get_by_role("link", name="loss")).to_contain_text("step 1")
        points = [Point("loss", 0.25, STARTED + HOUR, 7)]
        site.client.commit(Change([AppendPoints(ById(run.id), points)]))
        expect(page.get_by_role("link", name="loss")).to_contain_text("step 7")
        expect(page.get_by_role("img", name=re.compile("A curve from 1 to 0.25"))).to_be_visible()


def test_an_entity_without_anything_says_so(browse: Browse, site: Site) -> None:
    site.client.put("dataset", "bare")
    with browse(site.page("bare")) as page:
        expect(page.get_by_text("Nothing more is recorded about it.")).to_be_visible()
        page.get_by_role("link", name="Files").click()
        expect(page.get_by_text("There are no files here.")).to_be_visible()
        page.get_by_role("navigation", name="Views").get_by_role("link", name="Lineage").click()
        expect(page.get_by_text("Nothing leads here")).to_be_visible()


def test_another_address_of_the_entity_becomes_its_uuid(browse: Browse, shop: Site) -> None:
    wanted = shop.page("nightly load")
    number = shop.client.search("nightly load").entities[0].id
    with browse(f"{shop.url}/entity/{number}?view=history") as page:
        expect(page).to_have_url(f"{wanted}?view=history")


def test_what_is_not_there_is_said_so(browse: Browse, shop: Site) -> None:
    with browse(f"{shop.url}/entity/{'0' * 32}") as page:
        expect(page.get_by_role("alert")).to_contain_text("Nothing here")
        page.get_by_role("link", name="Go to the start page").click()
        expect(page.get_by_role("list", name="What is here")).to_be_visible()
    with browse(f"{shop.url}/no/such/page") as page:
        expect(page.get_by_role("alert")).to_contain_text("There is no page at /no/such/page.")
