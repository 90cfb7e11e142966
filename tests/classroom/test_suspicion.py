"""What stands out in an answer, and what does not."""

from __future__ import annotations

import pytest
from students import lessons, solved
from test_bank import BANKS

from lrp_edu.classroom.suspicion import holds_the_model_answer, suspicions

USUAL = (
    "import numpy as np, matplotlib.pyplot as plt\nfrom functools import reduce\nfrom scipy.signal import convolve2d",
    "class Layer:\n    def __init__(self, w):\n        super().__init__()\n        self.w = w",
    "def f(x):\n    'looks at sys.modules and __dict__'\n    x.shape = (3, 1)\n    return getattr(x, 'T')",
    "if __name__ == '__main__': print(type(3), 'the end of os.path')",
    "weights[0] = 1",
)
UNUSUAL = {
    "import os.path": "imports os.path",
    "from unittest.mock import ANY": "imports from unittest.mock",
    "from numpy.f2py import sys": "imports sys from numpy.f2py",
    "def f(x):\n    return np.lib.format.os": "uses .os",
    "f.__globals__": "uses .__globals__",
    "getattr(f, '__globals__')": "holds the text '__globals__'",
    "getattr(f, '__glo' + 'bals__')": "uses getattr with a name that it makes up",
    "look = map(getattr, [f], names)": "uses getattr with a name that it makes up",
    "match f:\n    case object(__globals__=found): pass": "uses .__globals__",
    "'{0.gi_frame.f_back}'.format(g)": "holds the text '{0.gi_frame.f_back}'",
    "sympify(\"__import__('os')\")": "holds the text \"__import__('os')\"",
    "class Yes:\n    def __eq__(self, other): return True": "defines __eq__",
    "Yes = type('Yes', (), methods)": "makes a class with type",
    "q = np\nq.allclose = lambda *a: True": "changes q.allclose",
    "for check.close in [print]: pass": "changes check.close",
    "In[-1]": "uses In",
    "!ls": "uses get_ipython",
    "__builtins__['abs'] = len": "uses __builtins__",
}


@pytest.mark.parametrize("source", USUAL)
def test_usual_answers_do_not_stand_out(source: str) -> None:
    assert suspicions(source) == []


@pytest.mark.parametrize(("source", "told"), UNUSUAL.items())
def test_ways_around_an_answer_stand_out(source: str, told: str) -> None:
    assert told in suspicions(source)


def test_no_solution_and_no_answer_of_the_banks_stands_out() -> None:
    banks = [answer for bank in BANKS.values() for many in bank.RIGHT.values() for answer in many]
    banks += [answer for bank in BANKS.values() for many in bank.WRONG.values() for _, answer in many]
    sources = [*banks, *(source for one in lessons().values() for source in solved(one).values())]
    assert {source: found for source in sources if (found := suspicions(source))} == {}


def test_the_model_answer_is_known_again_however_it_is_broken_into_lines() -> None:
    model = "It is *red*.  And\nblue.\n\n### BEGIN MARK SCHEME\n- 1 point: red.\n### END MARK SCHEME"
    assert holds_the_model_answer("I say: it is.\nIt is *red*.\nAnd blue. Yes.", model)
    assert not holds_the_model_answer("It is red. And blue.", model)
    assert not holds_the_model_answer("", "")


def test_what_does_not_compile_does_not_stand_out() -> None:
    assert suspicions("import os\ndef f(:") == []
