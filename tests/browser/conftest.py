"""A browser with a JupyterLab, shared by the tests of this folder; and a picture of what a failed test saw."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser import CHROMIUM

FAILURES = Path(os.environ.get("BROWSER_FAILURES", Path(__file__).with_name("failures")))


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """JupyterLab in Chromium."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (make test does it)")
    from browser.jupyterlab import JupyterLab
    from browser.server import jupyterlab

    with jupyterlab(tmp_path_factory.mktemp("jupyterlab")) as server, playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        yield JupyterLab(page, server)
        browser.close()


@pytest.fixture
def notebooks(lab: Any) -> Iterator[Any]:
    """JupyterLab with nothing open, before and after."""
    yield lab
    lab.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    report = yield
    lab = getattr(item, "funcargs", {}).get("lab")
    if report.failed and report.when in ("setup", "call") and lab:
        FAILURES.mkdir(parents=True, exist_ok=True)
        path = FAILURES / re.sub(r"\W+", "_", item.name)
        lab.page.screenshot(path=path.with_suffix(".png"))
        path.with_suffix(".txt").write_text(lab.page.locator("body").inner_text(), encoding="utf-8")
        report.sections.append(("What the browser showed", f"{path}.png and {path}.txt"))
    return report
