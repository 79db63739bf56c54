from __future__ import annotations

import pytest
from tests.ui.conftest import Browse, Site, sync_api

from lineal.graph.change import Change, PutEntity
from lineal.graph.model import External

pytestmark = pytest.mark.browser
expect = sync_api.expect


def test_an_address_that_mlflows_client_prints_leads_to_the_run(browse: Browse, site: Site) -> None:
    run = PutEntity(kind="run", name="swift fox", external=[External("mlflow.run", "ab12")])
    site.client.commit(Change([run]))
    with browse(f"{site.url}/#/experiments/0/runs/ab12") as page:
        expect(page.get_by_role("heading", name="swift fox")).to_be_visible()
