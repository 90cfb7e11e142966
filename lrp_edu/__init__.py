"""Layer-wise Relevance Propagation (LRP): a library to explain networks, and the course that derives it.

Modules load when they are first used, so that `import lrp_edu` is quick and needs neither TensorFlow nor SymPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lrp_edu.quiet import without_messages

if TYPE_CHECKING:
    from lrp_edu import (
        attribution,
        check,
        class_activation,
        classifiers,
        composites,
        data,
        evaluation,
        flow,
        layer_maps,
        ledger,
        memory,
        models,
        numpy_lrp,
        photo_maps,
        planes,
        plotting,
        roots,
        rules,
        targets,
        taylor,
        widgets,
    )
    from lrp_edu.dense import relprop_dense
    from lrp_edu.keras_lrp import LRP

__version__ = "0.1.0"

__all__ = [
    "LRP",
    "attribution",
    "check",
    "class_activation",
    "classifiers",
    "composites",
    "data",
    "evaluation",
    "flow",
    "layer_maps",
    "ledger",
    "memory",
    "models",
    "numpy_lrp",
    "photo_maps",
    "planes",
    "plotting",
    "relprop_dense",
    "roots",
    "rules",
    "targets",
    "taylor",
    "widgets",
]

_HOME_OF = {"LRP": "keras_lrp", "relprop_dense": "dense"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'lrp_edu' has no attribute {name!r}; it has {', '.join(__all__)}")
    with without_messages():  # of TensorFlow, should it start here
        module = import_module(f"lrp_edu.{_HOME_OF.get(name, name)}")
    return getattr(module, name) if name in _HOME_OF else module


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
