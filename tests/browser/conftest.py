"""A browser with a JupyterLab, shared by the tests of this folder; and a picture of what a failed test saw."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser import CHROMIUM

FOLDER = Path(__file__).parent
FAILURES = Path(os.environ.get("BROWSER_FAILURES", FOLDER / "failures"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each process of pytest-xdist begins with its share of these tests.

    They take as long as all others together. xdist gives each process an equal part of the list, and takes tests away
    from its end only: in the order of the files, one process would have all of these, and go on when others are done.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    here = [item for item in items if item.path.is_relative_to(FOLDER)]
    others = [item for item in items if not item.path.is_relative_to(FOLDER)]
    ordered: list[pytest.Item] = []
    for number in range(processes):
        size = (len(items) - len(ordered)) // (processes - number)
        share = here[number::processes]
        more = max(0, size - len(share))
        ordered += share + others[:more]
        del others[:more]
    items[:] = ordered + others


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
