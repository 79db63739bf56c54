"""Take the pictures of the web UI for the documentation: a made-up company's store, real pages, headless Chromium."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.client.serving import serving  # noqa: E402
from tests.ui import demo  # noqa: E402

from lineal import Client  # noqa: E402

TARGET = ROOT / "docs" / "images"
RUNS = 300
SIZE = {"width": 1280, "height": 800}
MOMENT = 900


def pages(client: Client) -> dict[str, str]:
    """Name of each picture and the address of what it shows."""
    table = client.search("shop.mart.customer_360", kinds=["dataset"]).entities[0]
    email = client.search("shop.mart.customer_360.email", kinds=["column"]).entities[0]
    model = client.search("churn", kinds=["model"]).entities[0]
    runs = client.search("", kinds=["run"], limit=6).entities
    return {
        "runs": "/runs",
        "compare": "/compare?" + "&".join(f"run={run.uuid}" for run in runs) + "&smooth=0.5",
        "parallel": "/runs?view=parallel",
        "lineage": f"/lineage?of={table.uuid}&up=4&down=1&columns={table.id}&column={email.id}",
        "dataset": f"/entity/{table.uuid}",
        "model": f"/entity/{model.uuid}",
    }


def take(url: str, client: Client) -> None:
    """Take each picture in light, and that of the lineage in dark as well."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, path in pages(client).items():
            picture(browser, url + path, name, "light")
        picture(browser, url + pages(client)["lineage"], "lineage-dark", "dark")
        browser.close()


def picture(browser: Any, address: str, name: str, scheme: str) -> None:
    """Write one page as it looks in a window."""
    page = browser.new_page(viewport=SIZE, color_scheme=scheme, bypass_csp=True)
    page.goto(address)
    page.wait_for_load_state("load")
    page.wait_for_function("!document.querySelector('.waiting')", polling=100)
    if "/lineage" in address:
        page.keyboard.press("0")
    page.wait_for_timeout(MOMENT)
    page.screenshot(path=TARGET / f"{name}.png")
    page.close()
    print(f"docs/images/{name}.png")


def main() -> None:
    """Fill a store, serve it, take the pictures."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "data") as url,
        Client(url) as client,
    ):
        demo.fill(client, RUNS)
        take(url, client)


if __name__ == "__main__":
    main()
