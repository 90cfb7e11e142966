"""Published numbers that every dense LRP must reproduce, as data. The ids are those of REFERENCE_CASES.md.

Here: one dense layer at a time (B1, B3, B5, B6, C1-C3, C6, C7, C9, D, F). Elsewhere: networks and compositions
(A2-A7, A11, A12, B4, C4, C5) in test_numpy_lrp.py, the modified weights (B6, B7) in test_rules.py, the properties (E)
in test_dense.py.

Left to the modules that bring these layers: convolution (A1), pooling (A8, A9, A10, B2, C14), layer normalisation (B8),
and of list A "error behaviours also tested" what speaks of Keras models. E9 is tested in test_rules.py as far as rules
go; its layers without a rule need Keras too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrp_edu import rules
from lrp_edu.rules import Rule

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """One dense layer: `relevance` enters at the outputs, `expected` must arrive at the inputs (n, inputs)."""

    name: str
    x: Any
    weight: Any
    bias: Any
    relevance: Any
    rule: Rule
    expected: Any
    printed_to: float = 0.0  # half a unit of the last digit that the source prints; 0 where the number is exact

    def __str__(self) -> str:
        return self.name


SCALE_LAYER = {"x": [[1, 2]], "weight": [[-2, 0], [0, 2]], "bias": [1, -3], "relevance": [[1 / 3, 2 / 3]]}
ONE_NEURON = {"x": [[1, 1]], "weight": [[1], [-1]], "bias": [-1], "relevance": [[-1]]}
TWO_BY_THREE = {"x": [[2, 3]], "weight": [[1, 2, 3], [2, 3, 4]], "bias": None, "relevance": [[24, 52, 90]]}
COLUMN = {"weight": [[1], [2], [3]], "bias": None, "relevance": [[14]]}
FOUR_BY_TWO = {
    "x": [[1, 2, 3, 4]],
    "weight": [[-1, 0], [1, 2], [3, 4], [5, 6]],
    "bias": None,
    "relevance": [[10, 20]],
}

WORKED = [
    Case(
        "B1 LRP-0: the bias absorbs a part",
        x=[[1, 2]],
        weight=[[3, 5], [4, 6]],
        bias=[7, 8],
        relevance=[[1 / 3, 2 / 3]],
        rule=rules.LRP0(),
        expected=[[17 / 90, 316 / 675]],
    ),
    Case("B3 element-wise scale as a diagonal weight", **SCALE_LAYER, rule=rules.LRP0(), expected=[[2 / 3, 8 / 3]]),
    Case("B5 alpha1 beta0", **ONE_NEURON, rule=rules.AlphaBeta(1, 0, epsilon=0), expected=[[-1, 0]]),
    Case("B5 alpha2 beta1", **ONE_NEURON, rule=rules.AlphaBeta(2, 1, epsilon=0), expected=[[-2, 0.5]]),
    Case("B5 z+", **ONE_NEURON, rule=rules.ZPlus(epsilon=0), expected=[[-1, 0]]),
    Case(
        # A leaky ReLU of slope 0.01 follows the layer; it only makes R_out = (0.01 · −7, 1) out of z = (−7, 1).
        "B6 generalised gamma 0.25, one neuron of each sign",
        x=[[-1, 1]],
        weight=[[1, 2], [-4, 0]],
        bias=[-2, 3],
        relevance=[[-0.07, 1]],
        rule=rules.Gamma(0.25, epsilon=0),
        expected=[[-1.152857143, -0.04]],
        printed_to=5e-10,
    ),
    Case("C1 LRP-0", **TWO_BY_THREE, rule=rules.LRP0(), expected=[[52, 114]]),
    Case("C2 epsilon 1", **TWO_BY_THREE, rule=rules.Epsilon(1), expected=[[48.611529, 106.270677]], printed_to=5e-7),
    Case(
        "C3 gamma 0.25",
        x=[[1, 2]],
        weight=[[1, -2, 3], [3, 4, 5]],
        bias=None,
        relevance=[[3, 4, 5]],
        rule=rules.Gamma(0.25, epsilon=0),
        expected=[[0.582418, 11.417582]],
        printed_to=5e-7,
    ),
    Case("C6 LRP-0", x=[[1, 2, 3]], **COLUMN, rule=rules.LRP0(), expected=[[1, 4, 9]]),
    Case(
        "C6 z+ with ones for x",
        x=[[1, 1, 1]],
        **COLUMN,
        rule=rules.ZPlus(epsilon=0),
        expected=[[14 / 6, 28 / 6, 42 / 6]],
    ),
    Case("C7 LRP-0", **FOUR_BY_TWO, rule=rules.LRP0(), expected=[[-1 / 3, 8 / 3, 9, 56 / 3]]),
    Case("C7 flat", **FOUR_BY_TWO, rule=rules.Flat(epsilon=0), expected=[[7.5] * 4]),
    Case(
        "C9 one 3x3 window of a convolution is a dense layer; the bias keeps its 100",
        x=[range(1, 10)],
        weight=[[number] for number in range(1, 10)],
        bias=[100],
        relevance=[[385]],
        rule=rules.LRP0(),
        expected=[[1, 4, 9, 16, 25, 36, 49, 64, 81]],
    ),
    Case(
        # The toolbox doubles the second row and turns the sign of the third. Ours gives the side that is there all of
        # R_out, so each row sums to its R_out = (0, 1, 1, 1).
        "D an empty side of alpha-beta: ours conserves",
        x=[[0, 0], [0, 1], [1, 0], [2, 4]],
        weight=[[-1], [1]],
        bias=[0],
        relevance=[[0], [1], [1], [1]],
        rule=rules.AlphaBeta(2, 1, epsilon=0),
        expected=[[0, 0], [0, 1], [1, 0], [-1, 2]],
    ),
]

# F: one layer, every rule, two inputs.

F_WEIGHT = np.array([[1, -1, 2], [0.5, 2, -1], [-2, 1, 0], [3, -0.5, 1]])
F_BIAS = np.array([0.5, -1, 0.25])
F_RELEVANCE = np.array([1.0, 2.0, 3.0])
F_SIGNED = np.array([1, -2, 3, 0.5])
F_POSITIVE = np.array([1.0, 2.0, 0.0, 3.0])
F_WIDE = 0.25 * np.sqrt(np.mean((F_SIGNED @ F_WEIGHT + F_BIAS) ** 2))  # norm_scale: ε is a quarter of the rms of z
F_WIDE_POSITIVE = 0.25 * np.sqrt(np.mean((F_POSITIVE @ F_WEIGHT + F_BIAS) ** 2))

# Where α2β1 meets a neuron without negative part, zennit doubles its relevance. In the signed row that is output 3
# (products 2, 2, 0, 0.5; R = 3), in the positive row output 1 (products 1, 1, 0, 9; R = 1). The doubled share is R
# times the products over their sum, the positive bias (0.25 and 0.5) included where it is kept.
_DOUBLED_SIGNED = 3 * np.array([2, 2, 0, 0.5])
_DOUBLED_POSITIVE = 1 * np.array([1.0, 1, 0, 9])

# rule, x, the printed R_in, the printed sum, and what ours leaves out on purpose
F_ROWS: list[tuple[Rule, Array, list[float], float, Array | float]] = [
    (rules.Epsilon(1e-6), F_SIGNED, [1.628542117, 3.97469527, -0.346153653, 0.094635607], 5.35171934, 0),
    (rules.Epsilon(1e-6), F_POSITIVE, [-2.066882208, 14.240771236, 0, -2.448149455], 9.72573957, 0),
    (rules.Epsilon(0.25), F_SIGNED, [1.536134454, 3.721008403, -0.302521008, 0.089915966], 5.04453782, 0),
    (rules.Epsilon(0.25), F_POSITIVE, [-0.867274569, 9.037487335, 0, -0.662613982], 7.50759878, 0),
    (
        rules.Epsilon(1e-6, bias="ignore"),
        F_SIGNED,
        [1.999999358, 5.111109185, -1.333332444, 0.222222123],
        5.99999822,
        0,
    ),
    (rules.Epsilon(1e-6, bias="ignore"), F_POSITIVE, [0.757575972, 3.424239527, 0, 1.818182077], 5.99999758, 0),
    (rules.Gamma(0.25), F_SIGNED, [1.60872508, 3.558470595, 0.057594612, 0.184790004], 5.40958029, 0),
    (rules.Gamma(0.25), F_POSITIVE, [0.397459327, 5.438550533, 0, 1.248362859], 7.08437272, 0),
    (rules.Gamma(1), F_SIGNED, [1.593301266, 3.129186276, 0.459330111, 0.284688963], 5.46650662, 0),
    (rules.Gamma(1), F_POSITIVE, [1.054276712, 2.936629013, 0, 2.233588953], 6.22449468, 0),
    (rules.Gamma(0.25, bias="ignore"), F_SIGNED, [1.875087311, 4.34034982, -0.484210246, 0.26877186], 5.99999875, 0),
    (rules.Gamma(0.25, bias="ignore"), F_POSITIVE, [1.055614871, 2.679143111, 0, 2.265240439], 5.99999842, 0),
    (rules.ZPlus(), F_SIGNED, [1.596490851, 1.263157629, 1.999999333, 0.815789241], 5.67543705, 0),
    (rules.ZPlus(), F_POSITIVE, [1.229813439, 2.086956014, 0, 2.496894015], 5.81366347, 0),
    (rules.ZPlus(bias="ignore"), F_SIGNED, [1.733332877, 1.333333037, 1.999999333, 0.933333019], 5.99999827, 0),
    (rules.ZPlus(bias="ignore"), F_POSITIVE, [1.290908843, 2.090908583, 0, 2.618181384], 5.99999881, 0),
    (
        rules.AlphaBeta(2, 1),
        F_SIGNED,
        [2.872981753, 1.10345834, 3.142855932, 1.551578494],
        8.67087452,
        _DOUBLED_SIGNED / (4.5 + 0.25 + 1e-6),
    ),
    (
        rules.AlphaBeta(2, 1),
        F_POSITIVE,
        [1.888198471, 1.173913528, 0, 4.136645418],
        7.19875742,
        _DOUBLED_POSITIVE / (11 + 0.5 + 1e-6),
    ),
    (
        rules.AlphaBeta(2, 1, bias="ignore"),
        F_SIGNED,
        [3.085713446, 0.999999718, 3.142855932, 1.771427961],
        8.99999706,
        _DOUBLED_SIGNED / (4.5 + 1e-6),
    ),
    (
        rules.AlphaBeta(2, 1, bias="ignore"),
        F_POSITIVE,
        [1.781818005, 1.181818665, 0, 4.036363248],
        6.99999992,
        _DOUBLED_POSITIVE / (11 + 1e-6),
    ),
    (rules.ZBox(-3, 3), F_SIGNED, [2.076767539, 1.297979709, 1.066666572, 1.558585754], 5.99999957, 0),
    (rules.ZBox(-3, 3), F_POSITIVE, [1.997814079, 1.615300442, 0.596721278, 1.790163835], 5.99999963, 0),
    (rules.ZBox(0, 3), F_POSITIVE, [1.725489915, 1.892156554, 0.352941156, 2.029411484], 5.99999911, 0),
    (rules.WSquare(), F_SIGNED, [2.390175049, 1.79754357, 0.600701683, 1.211578807], 5.99999911, 0),
    (rules.WSquare(), F_POSITIVE, [2.390175049, 1.79754357, 0.600701683, 1.211578807], 5.99999911, 0),
    (rules.Flat(), F_SIGNED, [1.499999625] * 4, 5.9999985, 0),
    (rules.Flat(), F_POSITIVE, [1.499999625] * 4, 5.9999985, 0),
    (rules.Epsilon(F_WIDE), F_SIGNED, [1.31113485, 3.118110046, -0.210694809, 0.078364902], 4.29691499, 0),
    (rules.Epsilon(F_WIDE_POSITIVE), F_POSITIVE, [0.38298658, 2.463155499, 0, 1.141527446], 3.98766952, 0),
]

# The row "w2, zennit default" squares the bias into the denominator, as if it were the weight of one more input that is
# not shown. Ours ignores the bias; with that input written out, the other four get zennit's numbers.
F_SQUARED_BIAS = [2.32420866, 1.615534781, 0.551724081, 1.184500399]
