"""What a lesson links to opens beside it, typeset."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.jupyterlab import RENDERED_MARKDOWN, JupyterLab


def test_the_list_of_letters_and_words_opens_typeset(notebooks: JupyterLab) -> None:
    notebooks.open("notebooks/00_start_here.ipynb")
    notebooks.page.get_by_role("link", name="NOTATION.md").first.click()
    shown = notebooks.page.locator(RENDERED_MARKDOWN)
    expect(shown.get_by_role("heading", name="Letters and words")).to_be_visible()
    expect(shown.locator("table mjx-container").first).to_be_visible()
    notebooks.expect_no_dialog()
