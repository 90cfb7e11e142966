"""The explorers: move a control, see the picture and the numbers change.

Each explorer is a box of controls, a picture and a line of words. What it shows is worked out by a pure function of
the controls' values, so that it can be tested without a browser; `state` holds the last result. Each is loaded when it
is first asked for, so that those of NumPy need no TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lrp_edu.widgets.explorer import Explorer
    from lrp_edu.widgets.flow import FlowExplorer
    from lrp_edu.widgets.layers import LayerExplorer
    from lrp_edu.widgets.occluder import OccluderExplorer
    from lrp_edu.widgets.root import RootExplorer
    from lrp_edu.widgets.rule_lab import RuleLab
    from lrp_edu.widgets.vgg16 import VGG16Explorer

__all__ = ["Explorer", "FlowExplorer", "LayerExplorer", "OccluderExplorer", "RootExplorer", "RuleLab", "VGG16Explorer"]

_HOME_OF = {
    "Explorer": "explorer",
    "FlowExplorer": "flow",
    "LayerExplorer": "layers",
    "OccluderExplorer": "occluder",
    "RootExplorer": "root",
    "RuleLab": "rule_lab",
    "VGG16Explorer": "vgg16",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'lrp_edu.widgets' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"lrp_edu.widgets.{_HOME_OF[name]}"), name)
