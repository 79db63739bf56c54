from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.client.serving import serving
from tests.ui.conftest import Browse, Page, Site, sync_api

from lineal import Client

pytestmark = pytest.mark.browser
expect = sync_api.expect


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Site]:
    """A store with an admin, and a viewer of the namespace `open` only."""
    with serving(tmp_path / "data") as url, Client(url) as local:
        local.accounts.add_user("ada", "correct horse")
        with Client(url, user="ada", password="correct horse") as client:
            client.accounts.add_user("vic", "battery staple")
            client.accounts.grant("vic", "viewer", "namespace", "open")
            source = client.put("dataset", "seen", namespace="open")
            job = client.put("job", "concealed", namespace="closed")
            result = client.put("dataset", "result", namespace="open")
            client.link(source, "input", job)
            client.link(job, "output", result)
            yield Site(url, client)


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_signing_in_and_out(browse: Browse, guarded: Site) -> None:
    with browse(f"{guarded.url}/search?kind=dataset") as page:
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        sign_in(page, "ada", "wrong")
        expect(page.get_by_role("alert")).to_have_text("Name and password do not match.")
        sign_in(page, "ada", "correct horse")
        expect(page.get_by_text("2 found")).to_be_visible()
        expect(page).to_have_url(f"{guarded.url}/search?kind=dataset")
        page.reload()
        expect(page.get_by_text("2 found")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert page.context.cookies() == []


def test_what_one_may_not_see_has_no_name(browse: Browse, guarded: Site) -> None:
    seen, concealed = guarded.page("seen", "?view=lineage"), guarded.page("concealed")
    with browse(seen) as page:
        sign_in(page, "vic", "battery staple")
        expect(page.get_by_text("not yours to see")).to_be_visible()
        expect(page.get_by_role("link", name="data set result")).to_be_visible()
        assert "concealed" not in page.content()
        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_text("not yours to see")).to_be_visible()
        page.goto(concealed)
        expect(page.get_by_role("alert")).to_contain_text("Nothing here")
        page.goto(f"{guarded.url}/search")
        expect(page.get_by_text("2 found")).to_be_visible()
        assert "concealed" not in page.content()


def test_a_session_that_ends_leads_to_the_form(browse: Browse, guarded: Site) -> None:
    with browse(guarded.url) as page:
        sign_in(page, "vic", "battery staple")
        expect(page.get_by_role("list", name="What is here")).to_be_visible()
        page.context.clear_cookies()
        page.get_by_role("link", name="Browse everything").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
