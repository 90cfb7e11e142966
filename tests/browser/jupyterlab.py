"""What a learner does in JupyterLab, and what she sees: all that the tests know of its page stands here.

Clicks and keys are real ones. To wait and to read, the application itself is asked (`window.jupyterapp`), which knows
sooner and more surely than the page what has been run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from browser.server import Server

SECONDS_TO_OPEN, SECONDS_TO_RUN = 60, 180

CELL = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell[data-windowed-list-index='{index}']"
EDITOR = ".jp-InputArea-editor .cm-content"
OUTPUT = ".jp-Cell-outputArea"
DIALOG = ".jp-Dialog"
RENDERED_MARKDOWN = ".jp-MarkdownViewer .jp-RenderedMarkdown"
EXPLORER = ".lrp-explorer"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

STARTED, RESTORED = "Boolean(window.jupyterapp)", "jupyterapp.restored.then(() => true)"
OPEN = """async path => {
    const panel = await jupyterapp.commands.execute('docmanager:open', {path});
    await panel.context.ready;
    await panel.sessionContext.ready;
    jupyterapp.shell.activateById(panel.id);
}"""
IS_OPEN = """path => {
    const panel = jupyterapp.shell.currentWidget;
    return panel?.context?.path === path && panel.context.isReady && panel.sessionContext.isReady;
}"""
HAS_KERNEL = "() => Boolean(jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel)"
CLOSE_ALL = """async () => {
    for (const widget of [...jupyterapp.shell.widgets('main')]) {
        await widget.sessionContext?.shutdown();
        if (widget.context) { widget.context.model.dirty = false; }
        widget.close();
    }
}"""
HAS_RUN = """() => {
    const panel = jupyterapp.shell.currentWidget;
    const code = panel.content.widgets.map(cell => cell.model).filter(cell => cell.type === 'code');
    return panel.sessionContext.session?.kernel?.status === 'idle' && code.every(
        cell => cell.executionState === 'idle' && (cell.executionCount || !cell.sharedModel.source.trim()));
}"""
CELLS = "() => jupyterapp.shell.currentWidget.content.model.sharedModel.toJSON().cells"
IS_SAVED = "() => !jupyterapp.shell.currentWidget.context.model.dirty"
EXECUTE = """async ({code, expression}) => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const request = {code, user_expressions: {value: expression}, store_history: false};
    const reply = (await kernel.requestExecute(request).done).content;
    return reply.status === 'ok' ? reply.user_expressions.value : reply;
}"""


class JupyterLab:
    """The page of a running JupyterLab, with one notebook open at a time."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server
        page.set_default_timeout(1000 * SECONDS_TO_OPEN)
        page.goto(f"{server.url}lab?token={server.token}")
        page.wait_for_function(STARTED)
        page.evaluate(RESTORED)

    def open(self, path: str) -> None:
        self.page.evaluate(OPEN, path)
        self.page.wait_for_function(HAS_KERNEL)

    def close(self) -> None:
        """Close what is open, without saving; end the kernels."""
        self.page.keyboard.press("Escape")
        self.page.evaluate(CLOSE_ALL)

    def reload(self, path: str) -> None:
        """As when she comes back: what was open opens again."""
        self.page.reload()
        self.page.wait_for_function(STARTED)
        self.page.evaluate(RESTORED)
        self.page.wait_for_function(IS_OPEN, arg=path)

    def choose(self, menu: str, item: str) -> None:
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def run_all(self) -> None:
        self.choose("Run", "Run All Cells")
        self.wait_until_run()

    def wait_until_run(self) -> None:
        self.page.wait_for_function(HAS_RUN, timeout=1000 * SECONDS_TO_RUN, polling=100)

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        self.page.wait_for_function(IS_SAVED)

    def cells(self) -> list[dict[str, Any]]:
        """The cells as they would be saved now."""
        return self.page.evaluate(CELLS)

    def place(self, wanted: Callable[[dict[str, Any]], bool]) -> int:
        """Where the first cell is that is wanted."""
        return next(index for index, cell in enumerate(self.cells()) if wanted(cell))

    def cell(self, index: int) -> Locator:
        cell = self.page.locator(CELL.format(index=index))
        cell.scroll_into_view_if_needed()
        return cell

    def output(self, index: int) -> Locator:
        return self.cell(index).locator(OUTPUT)

    def write(self, index: int, text: str) -> None:
        """Replace what stands in a cell, key by key, line by line."""
        self.cell(index).locator(EDITOR).click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        for number, line in enumerate(text.split("\n")):
            if number:
                self.page.keyboard.press("Enter")
            self.page.keyboard.type(line)

    def run_and_go_on(self) -> None:
        self.page.keyboard.press("Shift+Enter")

    def execute(self, code: str, expression: str) -> str:
        """Run code in the notebook's kernel, beside its cells; what the expression is then, as text."""
        reply = self.page.evaluate(EXECUTE, {"code": code, "expression": expression})
        assert reply["status"] == "ok", "\n".join(reply["traceback"])
        return reply["data"]["text/plain"]

    def expect_no_dialog(self) -> None:
        expect(self.page.locator(DIALOG)).to_have_count(0)
