"""The front of the package: quick to import, light, and every name it promises is there."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import lrp_edu

HEAVY = ("tensorflow", "keras", "torch", "sympy", "matplotlib", "sklearn", "scipy", "skimage", "ipywidgets", "IPython")


def in_a_fresh_interpreter(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_import_takes_less_than_three_tenths_of_a_second() -> None:
    code = "import time; begin = time.perf_counter(); import lrp_edu; print(time.perf_counter() - begin)"
    assert min(float(in_a_fresh_interpreter(code)) for _ in range(5)) < 0.3


@pytest.mark.parametrize(
    "statement",
    [
        "import lrp_edu",
        "from lrp_edu import rules, targets, numpy_lrp, ledger, relprop_dense",
        "import lrp_edu; lrp_edu.rules.ZPlus(); dir(lrp_edu)",
    ],
)
def test_import_and_the_core_load_nothing_heavy(statement: str) -> None:
    loaded = in_a_fresh_interpreter(f"{statement}\nimport sys\nprint(*sorted(sys.modules))").split()
    assert not set(HEAVY) & set(loaded)


@pytest.mark.parametrize("name", lrp_edu.__all__)
def test_every_promised_name_loads(name: str) -> None:
    found = getattr(lrp_edu, name)
    if isinstance(found, ModuleType):
        assert found.__name__ == f"lrp_edu.{name}"
    else:
        assert callable(found)
    assert name in dir(lrp_edu)


def test_relprop_dense_is_the_function_not_a_module() -> None:
    from lrp_edu.dense import relprop_dense

    assert lrp_edu.relprop_dense is relprop_dense


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(AttributeError, match=r"^module 'lrp_edu' has no attribute 'rulez'; it has .*rules, "):
        _ = lrp_edu.rulez
    assert not hasattr(lrp_edu, "rulez")
    with pytest.raises(ImportError, match="rulez"):
        from lrp_edu import rulez  # noqa: F401


def test_the_version_is_the_one_that_is_installed() -> None:
    from importlib.metadata import version

    assert lrp_edu.__version__ == version("lrp-edu")
