"""The network from scratch: published networks, gradients against finite differences, training, and the disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrp_edu import data, numpy_lrp, relprop_dense, rules
from lrp_edu.numpy_lrp import Linear, Network, ReLU, Snapshot, log_softmax
from lrp_edu.rules import Rule

Array = np.ndarray


def network_of(*layers: tuple[Any, Any]) -> Network:
    """A network of (weight, bias) pairs with a ReLU between each two; None for no bias."""
    stack: list[Linear | ReLU] = []
    for weight, bias in layers:
        weight = np.array(weight, float)
        stack += [Linear(weight, np.zeros(weight.shape[1]) if bias is None else np.array(bias, float)), ReLU()]
    return Network(stack[:-1])


def random_network(seed: int, sizes: tuple[int, ...] = (5, 7, 6, 3), bias: bool = True) -> Network:
    rng = np.random.default_rng(seed)
    return network_of(*[(rng.normal(size=(i, o)), rng.normal(size=o) if bias else None) for i, o in pairwise(sizes)])


# Published networks (REFERENCE_CASES.md; single layers are in reference_cases.py, with the list of what comes later)

TWOS = np.full((3, 3), 2.0)
TWOS_AND_ONE_MINUS = np.array([[-2.0, 2, 2], [2, 2, 2], [2, 2, 2]])  # from input 0 to output 0: −2
THREES = np.full((3, 1), 3.0)
A2 = network_of((TWOS, None), (THREES, None))
A3 = network_of((TWOS_AND_ONE_MINUS, None), (THREES, None))
A11 = network_of((np.eye(3), None), (np.ones((3, 4)), [-10, 1, 1, 1]), (np.ones((4, 2)), [-1, 1]))
A11.layers.pop(1)  # no ReLU after the first layer
C4 = network_of(([[1, 1, -1], [-1, -1, -1], [1, -1, 1]], None), ([[1], [2], [3]], None))
ONE_SIDED_ALPHA_BETA = "C5: the second layer has no negative part; the source doubles it, ours gives it weight one"

PUBLISHED = [
    ("A2 epsilon", A2, [[1, 2, 3], [3, 6, 9]], rules.LRP0(), [[18, 36, 54], [54, 108, 162]]),
    ("A3 gamma", A3, [[1, 2, 3]], [rules.Gamma(1, epsilon=0), rules.Gamma(0.25, epsilon=0)], [[28 / 3, 104 / 3, 52]]),
    ("A4 z+", A3, [[1, 2, 3]], rules.ZPlus(epsilon=0), [[12, 33.6, 50.4]]),
    ("A4 alpha1 beta0", A3, [[1, 2, 3]], rules.AlphaBeta(1, 0, epsilon=0), [[12, 33.6, 50.4]]),
    ("C4 LRP-0", C4, [[1, 2, -3]], rules.LRP0(), [[2, -4, 6]]),
    *[
        # The source's (a², −4ab, 3a²) carries one factor a too many in the positive part of its second layer.
        (ONE_SIDED_ALPHA_BETA, C4, [[1, 2, -3]], rules.AlphaBeta(a, a - 1, epsilon=0), [[a, -4 * (a - 1), 3 * a]])
        for a in (1, 2, 3, 4)
    ],
]


@pytest.mark.parametrize(
    ("network", "x", "chosen", "expected"), [row[1:] for row in PUBLISHED], ids=[row[0] for row in PUBLISHED]
)
def test_published_network(network: Network, x: Any, chosen: Any, expected: Any) -> None:
    found = network.relprop(x, network.forward(x), chosen)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_c4_forward() -> None:
    np.testing.assert_array_equal(C4.forward([[1, 2, -3]]), [[4]])


def test_a5_the_identity_rule_hands_relevance_on_as_it_came() -> None:
    """Identity on layer 1, so what layer 2 gives to the hidden neurons is what the inputs get."""
    *_, hidden, logits = A3.activations([[1, 2, 3]])
    np.testing.assert_allclose(relprop_dense(hidden, THREES, None, logits, rules.LRP0()), [[24, 36, 36]], rtol=1e-12)


def test_a6_relevance_passes_through_tanh_as_it_came() -> None:
    x, hidden_weight, output_weight = np.array([[1.0, 2, 3]]), np.full((3, 3), 0.1), np.full((3, 1), 0.1)
    hidden = np.tanh(x @ hidden_weight)
    start = hidden @ output_weight
    np.testing.assert_allclose(start, 0.3 * np.tanh(0.6))
    middle = relprop_dense(hidden, output_weight, None, start, rules.LRP0())
    found = relprop_dense(x, hidden_weight, None, middle, rules.LRP0())
    np.testing.assert_allclose(found, [[0.0269, 0.0537, 0.0806]], atol=5e-5)
    np.testing.assert_allclose(found, 0.3 * np.tanh(0.6) * x / 6, rtol=1e-12)


def split_of_addition(summands: list[Array], relevance: Array) -> list[Array]:
    """A residual addition is a dense layer whose weight is one identity matrix on top of the other."""
    size = relevance.shape[1]
    together = relprop_dense(np.hstack(summands), np.vstack([np.eye(size)] * 2), None, relevance, rules.LRP0())
    return [together[:, :size], together[:, size:]]


def test_a7_an_addition_splits_in_proportion_to_its_summands() -> None:
    x, weight, start = np.array([[2.0, 3]]), np.full((2, 2), 5.0), np.array([[0.0, 28]])
    branch, skip = split_of_addition([x @ weight, x], start)
    found = relprop_dense(x, weight, None, branch, rules.LRP0()) + skip
    np.testing.assert_allclose(found, [[10, 18]], rtol=1e-12)


@pytest.mark.parametrize(("start", "expected"), [([1, 0], [4 / 19, 8 / 19]), ([0, 1], [5 / 27, 14 / 27])])
def test_b4_a_residual_block_from_a_start_of_one(start: list[int], expected: list[float]) -> None:
    x, weight, bias = np.array([[1.0, 2]]), np.array([[3.0, 5], [4, 6]]), np.array([7.0, 8])
    branch, skip = split_of_addition([np.maximum(0, x @ weight + bias), x], np.array([start], float))
    found = relprop_dense(x, weight, bias, branch, rules.LRP0()) + skip
    np.testing.assert_allclose(found, [expected], rtol=1e-12)


def test_a11_negative_biases_add_relevance() -> None:
    """The sum of both inputs gets 16, 32, 48: eight more than the logit of 88, by the biases −10, 1, 1, 1 and −1.

    The source gives all of it to each of the two inputs, hence its delta 88 − 2 · 96 = −104; ours splits an addition in
    proportion, one quarter to x and three to 3x.
    """
    first = np.array([[1.0, 2, 3]])
    summed = first + 3 * first
    logits = A11.forward(summed)
    np.testing.assert_allclose(logits[0, 0], 88)
    found = A11.relprop(summed, logits * [1, 0], rules.LRP0())
    np.testing.assert_allclose(found, [[16, 32, 48]], rtol=1e-12)
    assert 88 - 2 * found.sum() == pytest.approx(-104)
    to_first, to_second = split_of_addition([first, 3 * first], found)
    np.testing.assert_allclose(to_first, [[4, 8, 12]], rtol=1e-12)
    np.testing.assert_allclose(to_second, [[12, 24, 36]], rtol=1e-12)


@pytest.mark.parametrize("rule", [rules.LRP0(), rules.Epsilon(1e-9)], ids=repr)
def test_a12_lrp0_is_gradient_times_input_on_the_published_network(rule: Rule) -> None:
    x = np.array([[1.0, 2, 3]])
    np.testing.assert_allclose(A2.relprop(x, A2.forward(x), rule), x * A2.gradprop(x, [[1]]), rtol=1e-9)


# Forward, gradient, relevance


def test_forward_is_the_formula() -> None:
    network = random_network(0)
    x = np.random.default_rng(1).normal(size=(4, 5))
    first, second, third = network.linear_layers
    hidden = np.maximum(0, np.maximum(0, x @ first.weight + first.bias) @ second.weight + second.bias)
    np.testing.assert_allclose(network.forward(x), hidden @ third.weight + third.bias, rtol=1e-14)


def test_activations_are_the_input_and_what_each_layer_made_of_it() -> None:
    network = random_network(0)
    x = np.random.default_rng(1).normal(size=(4, 5))
    reached = network.activations(x)
    assert [array.shape[1] for array in reached] == [5, 7, 7, 6, 6, 3]
    np.testing.assert_array_equal(reached[0], x)
    np.testing.assert_array_equal(reached[-1], network.forward(x))
    np.testing.assert_array_equal(reached[2], np.maximum(0, reached[1]))


def finite_difference(function: Callable[[Array], float], at: Array, step: float = 1e-6) -> Array:
    """The gradient of a scalar function by central differences; `at` is changed in place and put back."""
    slope = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        original = at[index]
        at[index] = original + step
        above = function(at)
        at[index] = original - step
        below = function(at)
        at[index] = original
        slope[index] = (above - below) / (2 * step)
    return slope


@pytest.mark.parametrize("seed", range(3))
def test_gradprop_is_the_slope_of_the_explained_number(seed: int) -> None:
    network, rng = random_network(seed), np.random.default_rng(seed)
    x, start = rng.normal(size=(4, 5)), rng.normal(size=(4, 3))
    expected = finite_difference(lambda x: float((network.forward(x) * start).sum()), x.copy())
    np.testing.assert_allclose(network.gradprop(x, start), expected, rtol=1e-6, atol=1e-8)


def test_the_gradient_stops_at_a_silent_neuron() -> None:
    np.testing.assert_array_equal(
        ReLU().gradprop(np.array([[-1.0, 0.0, 2.0]]), np.array([[5.0, 6.0, 7.0]])), [[0, 0, 7]]
    )


@pytest.mark.parametrize("seed", range(3))
def test_parameter_gradients_are_the_slopes_of_the_cross_entropy(seed: int) -> None:
    network, rng = random_network(seed), np.random.default_rng(seed)
    x, labels = rng.normal(size=(6, 5)), rng.integers(0, 3, 6)

    def loss(_: Array) -> float:
        logits = network.forward(x)
        probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return -float(np.mean(np.log(probability[np.arange(6), labels])))

    found_loss, gradients = network.gradients(x, labels)
    assert found_loss == pytest.approx(loss(x), rel=1e-12)
    for layer, (weight_slope, bias_slope) in zip(network.linear_layers, gradients, strict=True):
        np.testing.assert_allclose(weight_slope, finite_difference(loss, layer.weight), rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(bias_slope, finite_difference(loss, layer.bias), rtol=1e-5, atol=1e-8)


@given(seed=st.integers(0, 10**6))
def test_lrp0_is_gradient_times_input_without_bias(seed: int) -> None:
    network, rng = random_network(seed, bias=False), np.random.default_rng(seed)
    x, share = rng.normal(size=(3, 5)), np.eye(3)[rng.integers(0, 3, 3)]
    found = network.relprop(x, share * network.forward(x), rules.LRP0())
    np.testing.assert_allclose(found, x * network.gradprop(x, share), rtol=1e-7, atol=1e-9)


def test_epsilon_tends_to_gradient_times_input() -> None:
    network, x = random_network(3, bias=False), np.random.default_rng(3).normal(size=(3, 5))
    limit = x * network.gradprop(x, np.ones((3, 3)))
    distances = [
        np.abs(network.relprop(x, network.forward(x), rules.Epsilon(epsilon)) - limit).max()
        for epsilon in (1e-1, 1e-3, 1e-5, 1e-7)
    ]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-4 * np.abs(limit).max()


PER_LAYER = [rules.ZBox(-4, 4), rules.Gamma(0.5), rules.Epsilon(0.1)]


@pytest.mark.parametrize("chosen", [PER_LAYER, tuple(PER_LAYER), rules.ZPlus()], ids=["list", "tuple", "one for all"])
def test_relprop_is_the_layers_by_hand_with_their_own_rules(chosen: Any) -> None:
    network = random_network(4)
    x = np.random.default_rng(4).uniform(-4, 4, (3, 5))
    first, second, third = network.linear_layers
    first_rule, second_rule, third_rule = [chosen] * 3 if isinstance(chosen, Rule) else chosen
    lower = np.maximum(0, x @ first.weight + first.bias)
    upper = np.maximum(0, lower @ second.weight + second.bias)
    start = upper @ third.weight + third.bias
    relevance = relprop_dense(upper, third.weight, third.bias, start, third_rule)
    relevance = relprop_dense(lower, second.weight, second.bias, relevance, second_rule)
    relevance = relprop_dense(x, first.weight, first.bias, relevance, first_rule)
    np.testing.assert_allclose(network.relprop(x, start, chosen), relevance, rtol=1e-12)


def test_linear_and_relu_hand_relevance_on_by_themselves() -> None:
    layer, x, relevance = random_network(5).linear_layers[0], np.ones((1, 5)), np.arange(7.0)[None]
    np.testing.assert_array_equal(
        layer.relprop(x, relevance, rules.ZPlus()),
        relprop_dense(x, layer.weight, layer.bias, relevance, rules.ZPlus()),
    )
    np.testing.assert_array_equal(ReLU().relprop(-np.ones((1, 7)), relevance), relevance)


def test_relevance_steps_come_from_the_logits_down() -> None:
    network, x = random_network(6), np.full((2, 5), 0.5)
    start = network.forward(x)
    steps = list(network.relevance_steps(x, start, PER_LAYER))
    assert [step.name for step in steps] == ["Linear 5", "ReLU 4", "Linear 3", "ReLU 2", "Linear 1"]
    assert [step.rule for step in steps] == [PER_LAYER[2], None, PER_LAYER[1], None, PER_LAYER[0]]
    np.testing.assert_array_equal(steps[0].entered, start)
    for above, below in pairwise(steps):
        np.testing.assert_array_equal(below.entered, above.left.relevance)
    np.testing.assert_array_equal(steps[-1].left.relevance, network.relprop(x, start, PER_LAYER))


def test_explaining_changes_neither_the_network_nor_its_arguments() -> None:
    network, x = random_network(7), np.random.default_rng(7).uniform(-1, 1, (3, 5))
    start = network.forward(x)
    before = [array.copy() for layer in network.linear_layers for array in (layer.weight, layer.bias)]
    copies = x.copy(), start.copy()
    first = network.relprop(x, start, PER_LAYER), network.gradprop(x, start)
    second = network.relprop(x, start, PER_LAYER), network.gradprop(x, start)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    np.testing.assert_array_equal(copies[0], x)
    np.testing.assert_array_equal(copies[1], start)
    after = [array for layer in network.linear_layers for array in (layer.weight, layer.bias)]
    for array, was in zip(after, before, strict=True):
        np.testing.assert_array_equal(array, was)


@pytest.mark.filterwarnings("error")
def test_a_network_of_dead_neurons_gives_zeros() -> None:
    network = network_of((-np.ones((4, 3)), None), (np.ones((3, 2)), None))
    x = np.ones((2, 4))
    for rule in (rules.LRP0(), rules.Gamma(), rules.ZPlus(), rules.AlphaBeta(), rules.AlphaBeta(epsilon=0)):
        np.testing.assert_array_equal(network.relprop(x, np.ones((2, 2)), rule), np.zeros((2, 4)))


def test_float32_stays_float32_and_agrees() -> None:
    network = random_network(8)
    single = Network(
        [
            Linear(layer.weight.astype(np.float32), layer.bias.astype(np.float32))
            if isinstance(layer, Linear)
            else layer
            for layer in network.layers
        ]
    )
    x = np.random.default_rng(8).uniform(-1, 1, (3, 5))
    start = single.forward(x.astype(np.float32))
    assert start.dtype == np.float32
    for rule in (rules.Epsilon(0.1), rules.ZPlus(), rules.Gamma(), rules.AlphaBeta()):
        found = single.relprop(x.astype(np.float32), start, rule)
        exact = network.relprop(x, network.forward(x), rule)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, exact, rtol=0, atol=1e-4 * np.abs(exact).max())


def test_log_softmax_of_large_logits_stays_finite() -> None:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = log_softmax(np.array([[1e4, 0.0, -1e4], [1.0, 2.0, 3.0]]))
    np.testing.assert_allclose(found[0], [0, -1e4, -2e4])
    np.testing.assert_allclose(np.exp(found[1]), np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum())


# A random network


def test_random_network_has_the_sizes_asked_for_and_the_spread_of_he() -> None:
    network = Network.random((200, 300, 10), np.random.default_rng(0))
    assert [type(layer) for layer in network.layers] == [Linear, ReLU, Linear]
    first, second = network.linear_layers
    assert (first.weight.shape, second.weight.shape) == ((200, 300), (300, 10))
    assert first.weight.std() == pytest.approx(np.sqrt(2 / 200), rel=0.02)
    assert second.weight.std() == pytest.approx(np.sqrt(2 / 300), rel=0.05)
    assert not first.bias.any()
    assert not second.bias.any()


def test_random_network_is_decided_by_the_seed() -> None:
    weights = [Network.random((4, 3), np.random.default_rng(seed)).linear_layers[0].weight for seed in (0, 0, 1)]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


# Training


class Digits:
    """The digits of the lessons in one array, with the places of those to train on and of those held out."""

    def __init__(self) -> None:
        split = data.digits()
        self.x = np.concatenate([split.x_train, split.x_test])
        self.labels = np.concatenate([split.y_train, split.y_test])
        self.train, self.held_out = np.split(np.arange(len(self.x)), [len(split.x_train)])


class Trained:
    """A network trained on the digits, and what was seen on the way."""

    def __init__(self, digits: Digits) -> None:
        self.snapshots: list[Snapshot] = []
        rng = np.random.default_rng(1)
        self.network = Network.random((64, 48, 48, 10), rng)
        begin = time.perf_counter()
        self.curve = self.network.fit(
            digits.x[digits.train], digits.labels[digits.train], rng, on_epoch=self.snapshots.append
        )
        self.seconds = time.perf_counter() - begin


@pytest.fixture(scope="module")
def digits() -> Digits:
    return Digits()


@pytest.fixture(scope="module")
def trained(digits: Digits) -> Trained:
    return Trained(digits)


def test_fit_reaches_97_percent_of_held_out_digits_in_under_20_seconds(digits: Digits, trained: Trained) -> None:
    assert trained.network.accuracy(digits.x[digits.held_out], digits.labels[digits.held_out]) >= 0.97
    assert trained.seconds < 20


def test_the_loss_curve_falls(trained: Trained) -> None:
    assert len(trained.curve) == 40
    assert trained.curve[0] > 5 * trained.curve[9] > 5 * trained.curve[-1] > 0


def test_a_snapshot_after_each_epoch(digits: Digits, trained: Trained) -> None:
    assert [snapshot.epoch for snapshot in trained.snapshots] == list(range(1, 41))
    assert [snapshot.loss for snapshot in trained.snapshots] == trained.curve
    last = trained.snapshots[-1]
    assert last.accuracy == trained.network.accuracy(digits.x[digits.train], digits.labels[digits.train])
    assert last.accuracy > trained.snapshots[0].accuracy
    for layer, weight, gradient in zip(trained.network.linear_layers, last.weights, last.gradients, strict=True):
        np.testing.assert_array_equal(weight, layer.weight)
        assert weight is not layer.weight
        assert gradient.shape == layer.weight.shape
    assert not np.array_equal(trained.snapshots[0].weights[0], last.weights[0])


def small_data(count: int = 60) -> tuple[Array, Array]:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(count, 5))
    return x, (x[:, 0] > 0).astype(int)


def test_fit_is_decided_by_the_seed() -> None:
    x, labels = small_data()

    def weights(seed: int) -> Array:
        rng = np.random.default_rng(seed)
        network = Network.random((5, 8, 2), rng)
        network.fit(x, labels, rng, epochs=3)
        return network.linear_layers[0].weight

    np.testing.assert_array_equal(weights(0), weights(0))
    assert not np.array_equal(weights(0), weights(1))


def test_one_step_of_fit_is_the_formula() -> None:
    """A single batch of all inputs: weight − rate · (gradient + decay · weight), bias − rate · gradient."""
    x, labels = small_data(10)
    network = random_network(9, (5, 4, 2))
    _, gradients = network.gradients(x, labels)
    before = [(layer.weight.copy(), layer.bias.copy()) for layer in network.linear_layers]
    rng = np.random.default_rng(0)
    network.fit(x, labels, rng, epochs=1, batch_size=10, learning_rate=0.1, weight_decay=0.01)
    for layer, (weight, bias), (slope, bias_slope) in zip(network.linear_layers, before, gradients, strict=True):
        np.testing.assert_allclose(layer.weight, weight - 0.1 * (slope + 0.01 * weight), rtol=1e-10)
        np.testing.assert_allclose(layer.bias, bias - 0.1 * bias_slope, rtol=1e-10)


def test_momentum_carries_the_last_step_and_the_rate_falls_along_a_cosine() -> None:
    """Two steps: velocity ← momentum · velocity − rate · gradient, with rates 0.1 and 0.1 · (1 + cos π/2) / 2."""
    x, labels = small_data(10)
    network, by_hand = random_network(9, (5, 2)), random_network(9, (5, 2))
    network.fit(
        x, labels, np.random.default_rng(0), epochs=2, batch_size=10, learning_rate=0.1, momentum=0.8, weight_decay=0
    )
    (layer,), velocity = by_hand.linear_layers, 0.0
    for rate in (0.1, 0.05):
        _, ((slope, bias_slope),) = by_hand.gradients(x, labels)
        velocity = 0.8 * velocity - rate * np.vstack([slope, bias_slope])
        layer.weight, layer.bias = layer.weight + velocity[:-1], layer.bias + velocity[-1]
    np.testing.assert_allclose(network.linear_layers[0].weight, layer.weight, rtol=1e-10)
    np.testing.assert_allclose(network.linear_layers[0].bias, layer.bias, rtol=1e-10)


def test_every_input_is_seen_once_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    x, labels = small_data(25)
    seen: list[Array] = []
    original = Network.gradients

    def watched(self: Network, x: Array, labels: Array) -> Any:
        seen.append(x)
        return original(self, x, labels)

    monkeypatch.setattr(Network, "gradients", watched)
    Network.random((5, 2), np.random.default_rng(0)).fit(x, labels, np.random.default_rng(0), epochs=2, batch_size=10)
    assert [len(batch) for batch in seen] == [10, 10, 5] * 2
    for epoch in (seen[:3], seen[3:]):
        np.testing.assert_array_equal(np.sort(np.vstack(epoch), axis=0), np.sort(x, axis=0))
    assert not np.array_equal(seen[0], seen[3])


def test_fit_leaves_its_data_alone() -> None:
    x, labels = small_data()
    copies = x.copy(), labels.copy()
    Network.random((5, 2), np.random.default_rng(0)).fit(x, labels, np.random.default_rng(0), epochs=2)
    np.testing.assert_array_equal(x, copies[0])
    np.testing.assert_array_equal(labels, copies[1])


def test_fit_leaves_alone_the_array_a_layer_was_made_of() -> None:
    x, labels = small_data()
    weight, bias = np.zeros((5, 2)), np.zeros(2)
    Network([Linear(weight, bias)]).fit(x, labels, np.random.default_rng(0), epochs=1)
    assert not weight.any()
    assert not bias.any()


def test_accuracy_is_the_fraction_of_right_answers() -> None:
    network = network_of((np.eye(3), None))
    assert network.accuracy(np.eye(3), [0, 1, 0]) == pytest.approx(2 / 3)
    assert network.accuracy(np.eye(3), np.array([0, 1, 2])) == 1


# On disk


@pytest.mark.parametrize("sizes", [(4, 3), (4, 5, 3), (4, 5, 6, 3)])
def test_a_saved_network_comes_back_the_same(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    network = random_network(10, sizes)
    path = tmp_path / "network.npz"
    network.save(path)
    loaded = Network.load(str(path))
    assert [type(layer) for layer in loaded.layers] == [type(layer) for layer in network.layers]
    for layer, was in zip(loaded.linear_layers, network.linear_layers, strict=True):
        np.testing.assert_array_equal(layer.weight, was.weight)
        np.testing.assert_array_equal(layer.bias, was.bias)
    assert [file.name for file in tmp_path.iterdir()] == ["network.npz"]


def test_a_name_without_ending_is_kept(tmp_path: Path) -> None:
    random_network(10).save(tmp_path / "network")
    assert Network.load(tmp_path / "network").layers
    assert [file.name for file in tmp_path.iterdir()] == ["network"]


def test_an_interrupted_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "network.npz"
    old = random_network(11)
    old.save(path)
    whole = path.read_bytes()

    def stops_half_way(file: Any, **arrays: Any) -> None:
        file.write(b"half a netw")
        raise OSError("no space left on device")

    monkeypatch.setattr(numpy_lrp.np, "savez", stops_half_way)
    with pytest.raises(OSError, match="no space left"):
        random_network(12).save(path)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "layers",
    [
        [Linear(np.ones((2, 2)), np.zeros(2)), Linear(np.ones((2, 2)), np.zeros(2))],
        [Linear(np.ones((2, 2)), np.zeros(2)), ReLU()],
    ],
    ids=["two linear layers in a row", "a ReLU at the end"],
)
def test_what_cannot_be_stored_is_refused_or_comes_back_the_same(tmp_path: Path, layers: list[Any]) -> None:
    network = Network(layers)
    x = -np.ones((1, 2))
    try:
        network.save(tmp_path / "network.npz")
    except ValueError:
        return
    np.testing.assert_array_equal(Network.load(tmp_path / "network.npz").forward(x), network.forward(x))


def write_text(path: Path) -> None:
    path.write_text("this is no network")


def write_nothing(path: Path) -> None:
    path.write_bytes(b"")


def write_other_arrays(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, images=np.ones(3), labels=np.ones(3))


def write_no_array(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file)


def write_one_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.ones(3))


def write_pickle(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, weight_0=np.array([{}], object), bias_0=np.zeros(1))


def write_nan(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, weight_0=np.full((2, 2), np.nan), bias_0=np.zeros(2))


def write_layers_that_do_not_fit(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, weight_0=np.ones((2, 3)), bias_0=np.ones(3), weight_1=np.ones((4, 2)), bias_1=np.ones(2))


def write_half(path: Path) -> None:
    random_network(13).save(path)
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    "write",
    [
        write_text,
        write_nothing,
        write_other_arrays,
        write_no_array,
        write_one_array,
        write_pickle,
        write_nan,
        write_layers_that_do_not_fit,
        write_half,
    ],
)
def test_a_file_that_is_no_network_is_named(tmp_path: Path, write: Callable[[Path], None]) -> None:
    path = tmp_path / "network.npz"
    write(path)
    with pytest.raises(ValueError, match=r"network\.npz: .*network written by Network\.save"):
        Network.load(path)


class RunsWhenRead:
    """Unpickling this object makes the file `trace`."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


def test_no_code_in_a_file_is_run(tmp_path: Path) -> None:
    path, trace = tmp_path / "network.npz", tmp_path / "trace"
    with path.open("wb") as file:
        np.savez(file, weight_0=np.array([RunsWhenRead(trace)], object), bias_0=np.zeros(1))
    with pytest.raises(ValueError, match=r"network\.npz: not a network"):
        Network.load(path)
    assert not trace.exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        Network.load(tmp_path / "nowhere.npz")


# Errors

NETWORK = random_network(14)
X, START = np.ones((2, 5)), np.ones((2, 3))
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: Linear(np.ones(3), np.ones(3)),
            ValueError,
            r"^weight: got shape \(3,\), expected \(inputs, outputs\)",
        ),
        (lambda: Linear(np.ones((2, 3)), np.ones(2)), ValueError, r"^bias: got shape \(2,\), expected \(3,\)"),
        (lambda: Linear([[np.nan]], [0]), ValueError, r"^weight: holds nan"),
        (lambda: Linear([[1]], None), TypeError, r"^bias: got NoneType"),
        (
            lambda: Network.random((4,), RNG),
            ValueError,
            r"^sizes: got \(4,\); expected at least an input and an output",
        ),
        (lambda: Network.random((4, 0), RNG), ValueError, r"^sizes: got \(4, 0\); .* whole numbers ≥ 1"),
        (lambda: NETWORK.forward(np.ones((2, 4))), ValueError, r"^x: got shape \(2, 4\), expected \(n, 5\)"),
        (lambda: NETWORK.forward(np.ones(5)), ValueError, r"^x: got shape \(5,\), expected \(n, 5\)"),
        (lambda: NETWORK.forward(X * np.nan), ValueError, r"^x: holds nan at position \(0, 0\)"),
        (lambda: NETWORK.forward("digits"), TypeError, r"^x: got str"),
        (lambda: NETWORK.gradprop(X, np.ones(3)), ValueError, r"^start: got shape \(3,\), expected \(2, 3\)"),
        (
            lambda: NETWORK.relprop(X, np.ones((2, 4)), PER_LAYER),
            ValueError,
            r"^start: got shape \(2, 4\), expected \(2, 3\)",
        ),
        (lambda: NETWORK.relprop(X, START * np.inf, PER_LAYER), ValueError, r"^start: holds inf"),
        (
            lambda: NETWORK.relprop(X, START, PER_LAYER[:2]),
            ValueError,
            r"^rules: got 2 rules for 3 layers with weights",
        ),
        (lambda: NETWORK.relprop(X, START, []), ValueError, r"^rules: got 0 rules for 3 layers with weights"),
        (lambda: NETWORK.relprop(X, START, ["z+"] * 3), TypeError, r"^rules?: got .*'z\+'.*; expected a rule object"),
        (lambda: NETWORK.relprop(9 * X, START, PER_LAYER), ValueError, r"^x: values from 9 to 9 leave the box of ZBox"),
        (lambda: NETWORK.fit(np.ones((2, 4)), [0, 1], RNG), ValueError, r"^x: got shape \(2, 4\), expected \(n, 5\)"),
        (lambda: NETWORK.fit(X, [0], RNG), ValueError, r"^labels: got int64 of shape \(1,\); expected 2 whole numbers"),
        (lambda: NETWORK.fit(X, [0.0, 1.0], RNG), ValueError, r"^labels: got float64 .*; expected 2 whole numbers"),
        (lambda: NETWORK.fit(X, [0, 3], RNG), ValueError, r"^labels: got classes from 0 to 3; expected 0 to 2"),
        (lambda: NETWORK.fit(X, [-1, 2], RNG), ValueError, r"^labels: got classes from -1 to 2; expected 0 to 2"),
    ],
)
def test_a_wrong_argument_is_named(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("wrong", ["epsilon", None, rules.Epsilon, 3], ids=str)
def test_rules_that_are_no_rules_are_named(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"^rules?: got .*(epsilon|None|Epsilon|3).*expected.*rule"):
        NETWORK.relprop(X, START, wrong)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], r"layers"),
        ([ReLU()], r"layers"),
        ([Linear(np.ones((2, 3)), np.ones(3)), ReLU(), Linear(np.ones((4, 2)), np.ones(2))], r"layers?.*3.*4"),
    ],
    ids=["none", "no weights", "sizes that do not fit"],
)
def test_layers_that_make_no_network_are_named(layers: list[Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Network(layers).forward(np.ones((1, 2)))


@pytest.mark.parametrize(
    ("argument", "value"), [("batch_size", 0), ("epochs", -1), ("rng", 0), ("learning_rate", np.nan)]
)
def test_a_wrong_setting_of_fit_is_named(argument: str, value: Any) -> None:
    settings = {"rng": np.random.default_rng(0), "epochs": 1, argument: value}
    with pytest.raises((TypeError, ValueError), match=argument):
        random_network(15).fit(X, [0, 1], **settings)


def test_accuracy_refuses_labels_of_another_length() -> None:
    with pytest.raises(ValueError, match=r"^labels: got .* of shape \(2, 1\); expected 2 whole numbers"):
        NETWORK.accuracy(X, [[0], [1]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Network.random((4, 2), None), TypeError, "^rng: got None"),
        (lambda: Network.random(64, RNG), ValueError, "^sizes: got 64"),
        (lambda: Network.random((4.5, 2), RNG), ValueError, r"^sizes: got \(4.5, 2\)"),
        (lambda: random_network(0).gradients(np.zeros((2, 5)), [0, 7]), ValueError, "^labels: got classes from 0 to 7"),
        (lambda: random_network(0).accuracy(np.zeros((0, 5)), np.zeros(0, int)), ValueError, "^x: got no inputs"),
        (lambda: random_network(0).fit(np.zeros((0, 5)), np.zeros(0, int), RNG), ValueError, "^x: got no inputs"),
        (lambda: random_network(0).fit(np.ones((1, 5)), [0], RNG, momentum=1.0), ValueError, "^momentum: got 1.0"),
        (lambda: random_network(0).fit(np.ones((1, 5)), [0], RNG, learning_rate="a"), ValueError, "^learning_rate:"),
        (lambda: Linear(np.eye(2), np.zeros(2)).forward(np.array([[np.nan, 1]])), ValueError, "^x: holds nan"),
        (lambda: Linear(np.eye(2), np.zeros(2)).forward(np.ones((1, 3))), ValueError, r"^x: got shape \(1, 3\)"),
        (lambda: ReLU().gradprop(np.ones((1, 3)), np.ones((1, 2))), ValueError, r"^gradient: got shape \(1, 2\)"),
    ],
)
def test_what_comes_in_from_a_learner_is_checked(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_learning_rate_that_diverges_is_said_and_the_network_kept() -> None:
    network = random_network(3)
    before = [layer.weight.copy() for layer in network.linear_layers]
    with pytest.raises(ValueError, match=r"^learning_rate: 1e\+200 is too large"):
        network.fit(RNG.normal(size=(20, 5)), RNG.integers(0, 3, 20), RNG, learning_rate=1e200)
    for layer, weight in zip(network.linear_layers, before, strict=True):
        np.testing.assert_array_equal(layer.weight, weight)


def test_a_snapshot_holds_the_gradients_over_all_training_data() -> None:
    network, snapshots = random_network(4), []
    x, labels = RNG.normal(size=(50, 5)), RNG.integers(0, 3, 50)
    network.fit(x, labels, RNG, epochs=2, on_epoch=snapshots.append)
    _, expected = network.gradients(x, labels)
    for found, (weight, _) in zip(snapshots[-1].gradients, expected, strict=True):
        np.testing.assert_array_equal(found, weight)
