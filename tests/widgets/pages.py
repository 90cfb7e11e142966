"""What tests of explorers share: reading the page, and setting the controls."""

from __future__ import annotations

from typing import Any

import pytest

from lrp_edu import flow, plotting
from lrp_edu.widgets import Explorer


def page(explorer: Explorer) -> tuple[bytes, str, Any]:
    return bytes(explorer.picture.value), explorer.words.value, explorer.state


def set_all(explorer: Any, values: dict[str, Any], picture: bytes = b"") -> None:
    """Set every control without the pains of drawing: `picture` is what the explorer shows then."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plotting, "png", lambda _figure: picture)
        patched.setattr(flow, "relevance_flow", lambda *_, **__: None)
        for name, value in values.items():
            explorer.controls[name].value = value
    assert page(explorer)[0] == picture or not picture


def contents(box: Any) -> list[Any]:
    return [box, *(inner for child in getattr(box, "children", ()) for inner in contents(child))]
